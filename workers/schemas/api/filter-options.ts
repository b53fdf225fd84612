/** What filters may be set to: `GET /api/choices`. */
import { z } from "zod";

export const FilterOptions = z.object({
  domains: z.array(z.string()).describe("Every domain ever configured or seen."),
  accounts: z.array(z.string()).describe("Every account that was used or that a domain is given to."),
  models: z.array(z.string()).describe("Every model that was asked for."),
  requestTypes: z.array(z.string()).describe("The two common types of request, and every other one seen."),
});
export type FilterOptions = z.infer<typeof FilterOptions>;
