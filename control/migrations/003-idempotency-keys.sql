-- What was asked first under an Idempotency-Key; `operation` is made of the key, its caller and the call.
create table control.idempotency_keys (
  operation uuid primary key,
  namespace text not null,
  digest text not null,
  claimed_at timestamptz not null default now()
);
