import { describe, expect, it } from "vitest";
import { messageInput, messageStatusInput } from "../../src/twilio/message-form.ts";
import { body } from "./post.ts";
import { parseForm, type Fields } from "../../src/twilio/fields.ts";

const SID = `SM${"0123456789abcdef".repeat(2)}`;
/** As Twilio sends an answer to a quick reply. */
const MESSAGE: Readonly<Record<string, string>> = {
  AccountSid: `AC${"0123456789abcdef".repeat(2)}`,
  ApiVersion: "2010-04-01",
  Body: "YES",
  ButtonPayload: "yes:01a20640-be81-73e4-9d40-ec4ea8502155",
  ButtonText: "YES",
  From: "whatsapp:+34600123456",
  MessageSid: SID,
  NumMedia: "0",
  OriginalRepliedMessageSid: `MM${"0".repeat(32)}`,
  ProfileName: "José",
  SmsMessageSid: SID,
  SmsStatus: "received",
  To: "whatsapp:+34915550110",
  WaId: "34600123456",
};

function form(changes: Readonly<Record<string, string | undefined>> = {}): Fields {
  const all = Object.entries({ ...MESSAGE, ...changes }).filter(([, value]) => value !== undefined);
  const fields = parseForm(body(Object.fromEntries(all) as Record<string, string>));
  if (fields === null) throw new Error("The form is not well-formed.");
  return fields;
}

describe("a message that came", () => {
  it("is read in our words, and what we do not know is not looked at", () => {
    expect(messageInput(form({ Latitude: "1", __proto__x: "y" }))).toEqual({
      sid: SID,
      from: "+34600123456",
      to: "+34915550110",
      body: "YES",
      buttonText: "YES",
      payload: "yes:01a20640-be81-73e4-9d40-ec4ea8502155",
      optOutType: null,
      repliedSid: `MM${"0".repeat(32)}`,
    });
  });

  it("may be a picture without a word", () => {
    const bare = { Body: undefined, ButtonPayload: undefined, ButtonText: undefined, NumMedia: "1" };
    expect(messageInput(form(bare))).toMatchObject({ body: "", payload: null, buttonText: null });
  });

  it("keeps the lines and signs that were written", () => {
    expect(messageInput(form({ Body: "Hi,\n\n 👍 <b>&amp;" }))).toMatchObject({
      body: "Hi,\n\n 👍 <b>&amp;",
    });
  });

  it("comes from the number that a caller would have: Mexico's plan has dropped the 1", () => {
    expect(messageInput(form({ From: "whatsapp:+5215512345678" }))).toMatchObject({ from: "+525512345678" });
    expect(messageInput(form({ From: "whatsapp:+525512345678" }))).toMatchObject({ from: "+525512345678" });
  });

  it.each<[string, Record<string, string | undefined>]>([
    ["MessageSid", { MessageSid: undefined }],
    ["MessageSid", { MessageSid: "SM123" }],
    ["MessageSid", { MessageSid: `CA${"0".repeat(32)}` }],
    ["From", { From: "+34600123456" }],
    ["From", { From: "whatsapp:+34600123456To" }],
    ["From", { From: "messenger:123" }],
    ["To", { To: undefined }],
    ["To", { To: "whatsapp:34915550110" }],
    ["Body", { Body: "x".repeat(4_097) }],
    ["ButtonPayload", { ButtonPayload: "x".repeat(257) }],
    ["OptOutType", { OptOutType: "YES" }],
    ["OriginalRepliedMessageSid", { OriginalRepliedMessageSid: "nothing" }],
  ])("is refused for its %s: %j", (field, changes) => {
    expect(messageInput(form(changes))).toMatchObject({
      refused: 400,
      message: expect.stringMatching(new RegExp(`^${field}: `)) as string,
    });
  });

  it("is refused where a field that is read stands twice", () => {
    const twice = new Map(form());
    twice.set("Body", ["NO", "YES"]);
    expect(messageInput(twice)).toEqual({ refused: 400, message: "Body stands more than once" });
  });
});

describe("a message's fate", () => {
  const fate = (changes: Record<string, string | undefined>) =>
    messageStatusInput(form({ From: MESSAGE["To"], To: MESSAGE["From"], MessageStatus: "sent", ...changes }));

  it.each([
    ["accepted", "queued"],
    ["queued", "queued"],
    ["sending", "queued"],
    ["sent", "sent"],
    ["delivered", "delivered"],
    ["read", "read"],
    ["undelivered", "undelivered"],
    ["failed", "failed"],
    ["canceled", "failed"],
  ])("%s is %s", (theirs, ours) => {
    expect(fate({ MessageStatus: theirs })).toEqual({
      sid: SID,
      from: "+34915550110",
      status: ours,
      errorCode: null,
    });
  });

  it("bears Twilio's error code", () => {
    expect(fate({ MessageStatus: "undelivered", ErrorCode: "63024" })).toMatchObject({ errorCode: 63024 });
    expect(fate({ ErrorCode: "" })).toMatchObject({ errorCode: null });
    expect(fate({ ErrorCode: "0" })).toMatchObject({ errorCode: null });
  });

  it.each([
    { MessageStatus: "received" },
    { MessageStatus: undefined },
    { ErrorCode: "oops" },
    { MessageSid: "" },
  ])("is refused: %j", (changes) => {
    expect(fate(changes)).toMatchObject({ refused: 400 });
  });
});
