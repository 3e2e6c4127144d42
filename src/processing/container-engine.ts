/**
 * A stand-in for `ctx.container` where no container engine runs. The `Container` class throws without one; given
 * this, the same class and the same code path run with the transcoder as a process on this machine, reached by URL.
 */

type ContainerHandle = NonNullable<DurableObjectState["container"]>;

/** The object's state with a container: the runtime's own, or a process at `url` when there is none. */
export function withContainer(ctx: DurableObjectState, url: string | undefined): DurableObjectState {
  if (url === undefined) return ctx;
  if (!hasEngine(ctx)) Object.defineProperty(ctx, "container", { value: processAt(url), configurable: true });
  return ctx;
}

/** Where containers are declared but not enabled, even looking at the property may throw. */
function hasEngine(ctx: DurableObjectState): boolean {
  try {
    return ctx.container !== undefined;
  } catch {
    return false;
  }
}

function processAt(url: string): ContainerHandle {
  let running = false;
  let stop = () => {};
  const stopped = () =>
    new Promise<void>((resolve) => {
      stop = resolve;
    });
  let monitored = stopped();
  const handle = {
    get running() {
      return running;
    },
    start() {
      running = true;
      monitored = stopped();
    },
    monitor: () => monitored,
    async destroy() {
      running = false;
      stop();
    },
    signal() {},
    async setInactivityTimeout() {},
    getTcpPort: () => ({
      fetch: (input: RequestInfo | URL, init?: RequestInit) => {
        const request = new Request(input, init);
        const { pathname, search } = new URL(request.url);
        return fetch(new Request(new URL(pathname + search, url), request));
      },
    }),
    async interceptOutboundHttp() {},
    async interceptOutboundHttps() {},
    async interceptAllOutboundHttp() {},
  };
  return handle as unknown as ContainerHandle;
}
