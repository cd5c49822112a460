import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { signedRequest } from "./caller.ts";
import { sid } from "./line.ts";
import type { Server } from "./server.ts";

/** A call that begins: the server has its headers and waits for the body, which it was told to ask for. */
export async function underWay(server: Server) {
  const { accountSid, authToken } = server.account;
  const callSid = sid("CA");
  const fields = { AccountSid: accountSid, CallSid: callSid, From: "+14155552680", To: "+14155550100" };
  const signed = signedRequest(server.url, "/voice", fields, authToken);
  const body = await signed.text();
  const sending: ClientRequest = request(`${server.url}/voice`, {
    method: "POST",
    headers: {
      ...Object.fromEntries(signed.headers),
      "content-length": String(body.length),
      expect: "100-continue",
      connection: "keep-alive",
    },
  });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    sending.once("response", resolve);
    sending.once("error", reject);
  });
  const asked = new Promise((resolve) => sending.once("continue", resolve));
  sending.flushHeaders();
  await asked;
  return {
    callSid,
    async finish() {
      sending.end(body);
      const answer = await response;
      return {
        status: answer.statusCode,
        connection: answer.headers.connection,
        body: await text(answer),
      };
    },
  };
}
