import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { temporaryFolder } from "./memory.ts";

/**
 * From now on the kernel answers a running process as told, in strace's own words, such as `fsync:error=EIO:when=1`.
 *
 * @throws with the reason where this machine cannot do that
 */
export async function inject(pid: number, fault: string) {
  const calls = fault.slice(0, fault.indexOf(":"));
  const strace = spawn(
    "strace",
    ["-f", "-qq", "-p", String(pid), "-e", `trace=${calls}`, "-e", `inject=${fault}`],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let said = "";
  strace.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = new Promise<void>((resolve, reject) => {
    strace.once("error", (error) =>
      reject(new Error(`strace is needed: apt-get install strace (${error.message})`)),
    );
    strace.once("close", () => resolve());
  });
  while (!isHeld(pid)) {
    await Promise.race([ended, sleep(5)]);
    if (strace.exitCode !== null) throw new Error(`strace cannot hold ${pid}: root is needed. ${said}`);
  }
  return {
    /** Resolves once the process stands still, as `signal=SIGSTOP` makes it. */
    async stopped(): Promise<void> {
      while (!said.includes("stopped by SIGSTOP")) await sleep(5);
    },
    async [Symbol.asyncDispose]() {
      strace.kill("SIGKILL");
      await ended;
    },
  };
}

/** Whether somebody traces each of its threads: one that is not held yet would write undisturbed. */
function isHeld(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) =>
    /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8")),
  );
}

/** A folder on a disk of its own that holds so much. Whoever made it disposes of it: `using`. */
export function smallDisk(megabytes: number) {
  const disk = temporaryFolder();
  asRoot("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", disk]);
  const folder = join(disk, "data");
  mkdirSync(folder);
  const filler = join(disk, "filler");
  return {
    folder,
    /** To the last page, whatever is written meanwhile. */
    fill() {
      const descriptor = openSync(filler, "w");
      const page = Buffer.alloc(4_096);
      try {
        while (writeSync(descriptor, page) > 0);
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      } finally {
        closeSync(descriptor);
      }
    },
    free: () => rmSync(filler),
    [Symbol.dispose]() {
      asRoot("umount", ["--lazy", disk]);
      rmSync(disk, { recursive: true, force: true });
    },
  };
}

/** Nobody writes to the file any more, root neither, until it is disposed of. */
export function readOnly(file: string): Disposable {
  asRoot("mount", ["--bind", file, file]);
  asRoot("mount", ["-o", "remount,ro,bind", file]);
  return { [Symbol.dispose]: () => asRoot("umount", ["--lazy", file]) };
}

function asRoot(command: string, args: readonly string[]): void {
  try {
    execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    throw new Error(`\`${command} ${args.join(" ")}\` is needed, and root with the right to mount.`, {
      cause: error,
    });
  }
}
