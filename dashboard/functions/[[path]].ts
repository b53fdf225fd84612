export const onRequest: PagesFunction = () => new Response("Nexus dashboard");
