const NODES = (await fetch("data:,")).constructor as typeof Response;

/**
 * A server in this worker puts its own Response in Node's place; msw tells a broken connection by Node's.
 *
 * @returns gives the server's back
 */
export function useNodesResponse(): () => void {
  const servers = globalThis.Response;
  globalThis.Response = NODES;
  return () => {
    globalThis.Response = servers;
  };
}
