const EVERY_MS = 60_000;

/**
 * `wrangler dev` does not fire cron triggers by itself: calls the worker's scheduled handler now and once a
 * minute, as production does. Returns what ends it.
 */
export function startCron(url: string): () => void {
  const fire = () => {
    const cron = encodeURIComponent("* * * * *");
    fetch(`${url}/cdn-cgi/local/scheduled?cron=${cron}`, { signal: AbortSignal.timeout(EVERY_MS) })
      .then((response) => response.arrayBuffer())
      .catch(() => undefined);
  };
  fire();
  const timer = setInterval(fire, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
