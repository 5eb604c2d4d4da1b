// Keeps a second process out of a spool.
//
// The clients in all languages lock the file `lock` by flock(2), which ends with the process. Node
// has no such call, but the command `flock` locks a file that it inherits, and the lock stays with
// the file that is open here. Where there is no such command the file `lock.node` says who has the
// spool, by process id and the time that process began, since ids are given anew; that keeps out
// Node alone.
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { makeError } from "../errors.js";

function inUse(holder: string, path: string): Error {
  const message = `the spool is in use by ${holder}: ${path}`;
  return makeError({ code: "FAILED_PRECONDITION", message });
}

/**
 * Takes a directory and answers what gives it back. `command` is flock's. Error:
 * FAILED_PRECONDITION while another process, or another writer of this one, has it.
 */
export function lockSpool(directory: string, command = "flock"): () => void {
  const path = join(directory, "lock");
  const file = openSync(path, "a", 0o600);
  const stdio = ["ignore", "ignore", "ignore", file] as const;
  const { status, error } = spawnSync(command, ["-n", "3"], { stdio: [...stdio] });
  if (error === undefined && status === 0) return () => closeSync(file);
  closeSync(file);
  if (error === undefined) throw inUse("another process", path);
  const lock = new PidLock(join(directory, "lock.node"));
  return () => lock.release();
}

class PidLock {
  private readonly path: string;
  private readonly text: string;

  constructor(path: string) {
    this.path = path;
    this.text = `${process.pid} ${startOf(process.pid)}\n`;
    const mine = `${this.path}.${process.pid}`;
    writeFileSync(mine, this.text);
    try {
      // A link is made whole or not at all, and by one alone.
      while (!this.link(mine)) this.removeStale(mine);
    } finally {
      rmSync(mine, { force: true });
    }
  }

  release(): void {
    if (read(this.path) === this.text) rmSync(this.path, { force: true });
  }

  private link(mine: string): boolean {
    try {
      linkSync(mine, this.path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  }

  // Takes away the lock of a process that is gone; whoever finds it gone tries again.
  private removeStale(mine: string): void {
    const text = read(this.path);
    if (text === undefined) return;
    const holder = holderOf(text);
    if (holder !== undefined) throw inUse(holder, this.path);
    const aside = `${mine}.stale`;
    try {
      renameSync(this.path, aside);
    } catch {
      return;
    }
    // Between reading and renaming somebody else can have done all of this.
    if (read(aside) !== text) {
      try {
        linkSync(aside, this.path);
      } catch {
        // A third one was faster, and finds out by itself.
      }
    }
    rmSync(aside, { force: true });
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function holderOf(text: string): string | undefined {
  const [pid, ...start] = text.trim().split(" ");
  if (!/^\d+$/.test(pid ?? "") || start.length === 0) return undefined;
  return startOf(Number(pid)) === start.join(" ") ? `process ${pid}` : undefined;
}

// When a process began, in whatever form the system has it; empty: there is no such process.
function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  if (stat !== undefined) {
    // The name, in parentheses, can have anything in it; the 20th field behind it is the start.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  }
  if (process.platform === "linux") return "";
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}
