/** In each process of the tests that start others: when Vitest is killed, it exits, and what it has started ends with it. */
import process from "node:process";

process.once("disconnect", () => process.exit(1));
