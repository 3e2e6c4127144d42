import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../access/authenticate.ts";
import { createRoutes } from "../create-routes.ts";
import { MediaError } from "../errors.ts";
import type { AppContext } from "../request-context.ts";
import { type DeliveryPlace, findDelivery, redeliver } from "./delivery-log.ts";
import { sendDeliveryTickets } from "./dispatch.ts";
import { deliveryDocument, describeDelivery } from "./documents.ts";
import { findEndpoint } from "./routes.ts";

/** Sending again what was sent, or could not be. */
export const redeliverRoutes = createRoutes();

const again = {
  method: "post" as const,
  tags: ["webhooks"],
  summary: "Send a delivery that ended once more, with the same event id and a schedule of its own",
  security: [{ key: [] }],
  middleware: requireScope("write"),
  request: {
    params: z.object({
      id: z.string(),
      delivery: z.string().openapi({
        description:
          "`dlv_…`, or the `evt_…` of its event, which is the webhook-id header that its receiver saw; of a job or batch it means the delivery to their own URL",
      }),
    }),
  },
  responses: {
    202: {
      description: "On its way",
      content: { "application/json": { schema: deliveryDocument } },
    },
  },
};

const toEndpoint = createRoute({
  ...again,
  path: "/v1/webhooks/{id}/deliveries/{delivery}/redeliver",
});
const ofJob = createRoute({ ...again, path: "/v1/jobs/{id}/deliveries/{delivery}/redeliver" });
const ofBatch = createRoute({ ...again, path: "/v1/batches/{id}/deliveries/{delivery}/redeliver" });

redeliverRoutes.openapi(toEndpoint, async (c) => {
  const { id, delivery } = c.req.valid("param");
  const endpoint = await findEndpoint(c.env.DB, c.get("caller").owner, id);
  if (!endpoint.enabled) throw new MediaError("conflict", "The webhook is disabled; enable it first.");
  return c.json(await sendAgain(c, { endpointId: endpoint.id }, delivery), 202);
});

redeliverRoutes.openapi(ofJob, async (c) => {
  const { id, delivery } = c.req.valid("param");
  return c.json(await sendAgain(c, { subjectId: id }, delivery), 202);
});

redeliverRoutes.openapi(ofBatch, async (c) => {
  const { id, delivery } = c.req.valid("param");
  return c.json(await sendAgain(c, { subjectId: id }, delivery), 202);
});

async function sendAgain(c: AppContext, place: DeliveryPlace, id: string) {
  const { owner } = c.get("caller");
  const found = await findDelivery(c.env.DB, owner, place, id);
  if (!found) {
    throw new MediaError("not_found", `There is no delivery ${JSON.stringify(id.slice(0, 64))} here.`);
  }
  const delivery = await redeliver(c.env.DB, owner, found.delivery.id, Date.now());
  if (!delivery) throw new MediaError("conflict", "This delivery is still under way.");
  await sendDeliveryTickets(c.env, [delivery.target]);
  return describeDelivery(delivery, found.attempts);
}
