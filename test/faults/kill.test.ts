import { expect, vi } from "vitest";
import kills from "../soak/kills.ts";
import { inject } from "../support/breaking.ts";
import { startServer } from "../support/server.ts";
import { fault } from "./rows.ts";

fault(
  1,
  async () => {
    const report = await kills({ seed: 1, amount: 2, say: () => undefined });
    expect(report.broken).toEqual([]);
    expect(report.figures).toMatchObject({ rounds: 2, lost: 0, twice: 0 });
    expect(report.figures["acknowledged"]).toBeGreaterThan(0);
    // Three servers start after each other.
  },
  180_000,
);

fault(2, async () => {
  await using first = await startServer();
  const call = first.call();
  await call.begin();
  const action = call.action();
  // Nobody else writes any more: the first operator is there, and how the first webhook was answered.
  await vi.waitFor(() => {
    expect([first.rows("operator"), first.rows("webhook")].map(({ length }) => length)).toEqual([1, 1]);
  }, QUIET_WITHIN);
  // What is committed is on the disk when its fsync ends. There the process stands still, and is killed.
  await using injection = await inject(first.pid, "fsync:signal=SIGSTOP:when=1");
  const unanswered = call.press("1").then(
    () => "an answer",
    () => "none",
  );
  await injection.stopped();
  first.kill("SIGKILL");
  expect(await unanswered).toBe("none");
  await first.exited;

  await using second = await startServer({ folder: first.folder });
  const entries = () => second.rows("entry").filter((row) => row["call_sid"] === call.callSid);
  expect(entries()).toMatchObject([{ kind: "granted", key: "1" }]);
  // Twilio, whose connection broke, sends the webhook again; the address is the old one's.
  const again = second.call({ callSid: call.callSid });
  const answers = [];
  for (let times = 0; times < 2; times++)
    answers.push(await again.post(action, { CallStatus: "in-progress", Digits: "1" }));
  expect(answers[0]?.words).toContain("It's recorded");
  expect(answers[1]).toEqual(answers[0]);
  expect(entries()).toHaveLength(1);
  expect((await second.call().begin()).words).toContain("again");
});

const QUIET_WITHIN = { timeout: 30_000, interval: 100 };
