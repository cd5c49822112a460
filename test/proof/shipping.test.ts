import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { notesOf, signCheckpoint } from "../../src/proof/checkpoint.ts";
import { courierTo, DestinationError, parseDestination, type Courier } from "../../src/proof/couriers.ts";
import { createShipping } from "../../src/proof/shipping.ts";
import { KEY, NAME } from "./sealing.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "yesline-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function checkpoint(size: number) {
  const root = Buffer.alloc(32, size);
  return { size, root, note: signCheckpoint({ origin: NAME, size, root }, [KEY]), at: size };
}

const never = { out: () => undefined, fetch };

describe("an operator who wants checkpoints off the host", () => {
  it("may name a file, an address over TLS, one on this machine, or standard output", () => {
    expect(parseDestination("stdout")).toEqual({ kind: "stdout" });
    expect(parseDestination("file:/mnt/a b.txt")).toEqual({ kind: "file", path: "/mnt/a b.txt" });
    expect(parseDestination("file:///mnt/a.txt")).toEqual({ kind: "file", path: "/mnt/a.txt" });
    expect(parseDestination("file:here.txt")).toEqual({ kind: "file", path: "here.txt" });
    for (const url of ["https://keeper.example/x?k=1", "http://127.0.0.1:9/x", "http://localhost/"])
      expect(parseDestination(url)).toEqual({ kind: "http", url });
  });

  it.each(["", "file:", "http://keeper.example/", "ftp://keeper.example/", "syslog"])(
    "is told how to write it instead of %j",
    (wrong) => {
      expect(() => parseDestination(wrong)).toThrow(DestinationError);
    },
  );

  it("has them appended to a file, once each, after what a power cut left there", async () => {
    const path = join(folder, "elsewhere", "checkpoints.txt");
    const courier = courierTo({ kind: "file", path }, never);
    expect(await courier.newest()).toBeNull();
    const notes = [checkpoint(1).note, checkpoint(2).note, checkpoint(3).note] as const;
    await courier.deliver(notes[0]);
    await courier.deliver(notes[0]);
    await courier.deliver(notes[1]);
    expect(readFileSync(path, "utf8")).toBe(`${notes[0]}\n${notes[1]}\n`);
    appendFileSync(path, notes[2].slice(0, 40));
    expect(await courier.newest()).toBe(notes[1]);
    await courier.deliver(notes[2]);
    expect(await courier.newest()).toBe(notes[2]);
    expect(notesOf(readFileSync(path, "utf8")).filter((note) => notes.includes(note))).toEqual(notes);
  });

  it("has them posted as they are; an answer other than 2xx and a detour are no arrival", async () => {
    const got: (readonly [string | undefined, string])[] = [];
    const answers = [204, 500, 302];
    const server = createServer((request, response) => {
      const answer = async () => {
        got.push([request.headers["content-type"], await text(request)]);
        response.writeHead(answers.shift() ?? 200, { location: "/" }).end();
      };
      void answer();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const courier = courierTo({ kind: "http", url: `http://127.0.0.1:${port}/log?key=secret` }, never);
    const { note } = checkpoint(7);
    await courier.deliver(note);
    await expect(courier.deliver(note)).rejects.toThrow("The address answered with 500.");
    await expect(courier.deliver(note)).rejects.toThrow("fetch failed");
    expect(got).toEqual(Array.from({ length: 3 }, () => ["text/plain; charset=utf-8", note]));
    // A key in the address stays out of logs and metrics.
    expect(courier.name).toBe(`http://127.0.0.1:${port}`);
    server.close();
    server.closeAllConnections();
  });

  it("finds them on standard output, one after the other", async () => {
    const out: string[] = [];
    const courier = courierTo({ kind: "stdout" }, { ...never, out: (written) => out.push(written) });
    await courier.deliver(checkpoint(1).note);
    await courier.deliver(checkpoint(2).note);
    expect(notesOf(out.join(""))).toEqual([checkpoint(1).note, checkpoint(2).note]);
  });
});

describe("checkpoints that leave", () => {
  /** A place that takes them, or does not. */
  function place(name: string, behaves: (note: string) => Promise<void> = async () => undefined) {
    const got: string[] = [];
    const deliver = async (note: string) => {
      await behaves(note);
      got.push(note);
    };
    const courier: Courier = { name, deliver, newest: async () => null };
    return { courier, got };
  }

  function shippingTo(...couriers: Courier[]) {
    const clock = { ms: 0 };
    const errors: string[] = [];
    const shipping = createShipping({
      couriers,
      now: () => clock.ms,
      monotonicMs: () => clock.ms,
      wait: () => new Promise((resolve) => setTimeout(resolve, 20)),
      onError: (name, { message }) => errors.push(`${name}: ${message}`),
    });
    return { ...shipping, clock, errors };
  }

  it("go to every place at most once in five seconds, the newest alone", async () => {
    const [one, two] = [place("one"), place("two")];
    const { offer, tick, clock, status } = shippingTo(one.courier, two.courier);
    offer(checkpoint(1));
    await tick();
    for (const size of [2, 3, 4]) {
      offer(checkpoint(size));
      clock.ms += 1_000;
      await tick();
    }
    clock.ms = 5_000;
    await tick();
    await tick();
    for (const { got } of [one, two]) expect(got).toEqual([checkpoint(1).note, checkpoint(4).note]);
    expect(status()).toEqual([
      { name: "one", size: 4, at: 5_000, failures: 0 },
      { name: "two", size: 4, at: 5_000, failures: 0 },
    ]);
  });

  it("are brought again and again, later and later, to a place that does not take them; the others do not wait", async () => {
    let works = false;
    const bad = place("bad", async () => {
      if (!works) throw new Error("no");
    });
    const good = place("good");
    const { offer, tick, clock, status, errors } = shippingTo(bad.courier, good.courier);
    offer(checkpoint(1));
    const tries: number[] = [];
    for (; clock.ms < 2_000_000; clock.ms += 1_000) {
      const before = errors.length;
      await tick();
      if (errors.length > before) tries.push(clock.ms / 1_000);
    }
    expect(tries.slice(0, 8)).toEqual([0, 5, 15, 35, 75, 155, 315, 615]);
    expect(good.got).toEqual([checkpoint(1).note]);
    works = true;
    offer(checkpoint(9));
    clock.ms += 300_000;
    await tick();
    expect(bad.got).toEqual([checkpoint(9).note]);
    expect(status()[0]).toEqual({ name: "bad", size: 9, at: clock.ms, failures: tries.length });
  });

  it("leave once more at the end, and nobody waits long for a place that does not answer", async () => {
    const silent = place("silent", () => new Promise(() => undefined));
    const good = place("good");
    const { offer, tick, finish } = shippingTo(silent.courier, good.courier);
    offer(checkpoint(1));
    void tick();
    offer(checkpoint(2));
    await finish();
    expect(good.got).toEqual([checkpoint(1).note, checkpoint(2).note]);
    expect(silent.got).toEqual([]);
  });

  it("nowhere at all are no trouble", async () => {
    const { offer, tick, finish, status } = shippingTo();
    offer(checkpoint(1));
    await tick();
    await finish();
    expect(status()).toEqual([]);
  });
});
