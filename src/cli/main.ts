#!/usr/bin/env node
/** The `pshmem` command: chooses the subcommand and turns its errors into exit codes. */
import { isPshmemError } from "../errors.ts";
import { batch } from "./batch.ts";
import { HELP } from "./help.ts";
import type { Command } from "./help.ts";
import { info, packageVersion } from "./info.ts";
import { bench, run, selftest } from "./run.ts";

const COMMANDS: Readonly<Record<Command, (args: readonly string[]) => Promise<number>>> = {
  run,
  batch,
  info,
  selftest,
  bench,
  help,
};

async function help([about]: readonly string[]): Promise<number> {
  if (about !== undefined && !isCommand(about)) {
    return misuse(`unknown command '${about}'`);
  }
  process.stdout.write(HELP[about ?? "help"].text);
  return 0;
}

function isCommand(name: string): name is Command {
  return Object.hasOwn(COMMANDS, name);
}

function misuse(text: string, command: Command = "help"): number {
  process.stderr.write(`pshmem: ${text}\n${HELP[command].usage}\n`);
  return 2;
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined) {
    return misuse("no command given");
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  const command = name === "--help" || name === "-h" ? "help" : name;
  return isCommand(command) ? runCommand(command, args) : misuse(`unknown command '${command}'`);
}

async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  try {
    return await COMMANDS[command](args);
  } catch (error) {
    if (isPshmemError(error, "BAD_ARGUMENT")) {
      return misuse(error.message, command);
    }
    if (isPshmemError(error, "BAD_LAUNCH") || isPshmemError(error, "FILE_SYSTEM")) {
      process.stderr.write(`pshmem: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

// The exit code is left to the end of the event loop, so that what was written to a pipe gets out.
process.exitCode = await main(process.argv.slice(2));
