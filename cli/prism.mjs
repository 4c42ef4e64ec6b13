#!/usr/bin/env node
// The `prism` command: the same way in as `npm start`, on Node 24 whatever Node is there.
import { join } from "node:path";
import { node24, ready, root } from "../stack/node24.mjs";

process.exit(await node24([join(root, "cli", "main.ts"), ...process.argv.slice(2)], await ready()));
