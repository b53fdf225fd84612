/** Runs the steps of a deployment one after the other. */
import { type Environment, environmentOf } from "./environment.ts";
import { type Deployment, DeployError, type DeployOptions, STEPS } from "./steps.ts";
import type { Tools } from "./tools.ts";

/** Resolves with the exit code. `isDry`: builds, and prints what would be done. */
export async function deploy(
  name: string | undefined,
  isDry: boolean,
  options: DeployOptions,
  tools: Tools,
  environment: Environment = environmentOf(name),
): Promise<number> {
  const deployment: Deployment = {
    ...options,
    environment,
    tools,
    account: {},
    secrets: {},
    isDeployed: false,
    dashboardUrl: `https://${environment.pages}.pages.dev`,
    workerUrl: "",
    notes: [],
  };
  for (const [n, step] of STEPS.entries()) {
    const title = `${n + 1}/${STEPS.length} ${step.name}`;
    try {
      if (isDry && step.name !== "Build")
        for (const line of step.plan(deployment)) tools.log(`${title}: ${line}`);
      else tools.log(`${title}: ${await step.run(deployment)}`);
    } catch (thrown) {
      if (!(thrown instanceof DeployError)) throw thrown;
      tools.log(`${title} failed. ${thrown.message}`);
      tools.log("Then run the same command again: what is done is found and kept.");
      return 1;
    }
  }
  if (isDry) return 0;
  const { workerUrl, dashboardUrl, tenant } = deployment;
  for (const note of deployment.notes) tools.log(note);
  tools.log(`Worker     ${workerUrl}`);
  tools.log(`Dashboard  ${dashboardUrl}`);
  tools.log(
    tenant === undefined
      ? `Next: sign in to the dashboard with DASHBOARD_API_KEY and add a domain for clients, or run this again with --tenant.`
      : `Next: ANTHROPIC_BASE_URL=https://${tenant} ANTHROPIC_AUTH_TOKEN=<client key> claude`,
  );
  return 0;
}
