/** Settings of drizzle-kit, which `npm run migration` installs and runs. */
export default {
  dialect: "postgresql",
  schema: "./drizzle/schema.ts",
  out: "./drizzle/migrations",
};
