/** Values that list filters offer: `GET /api/choices`. */
import { z } from "zod";

export const FilterOptions = z.object({
  domains: z.array(z.string()).describe("Every configured or seen domain."),
  accounts: z.array(z.string()).describe("Every account with requests or a domain."),
  models: z.array(z.string()).describe("Every model that was requested or used."),
  requestTypes: z.array(z.string()).describe("The two common request types and all others seen."),
});
export type FilterOptions = z.infer<typeof FilterOptions>;
