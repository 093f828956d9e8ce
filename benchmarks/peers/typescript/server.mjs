// The TypeScript SDK's own lowest server over its own stdio transport: one tool that gives back its text.
// Its list is padded to as many bytes as the first argument says.
import { Server } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";

const description = "x".repeat(Math.max(0, Number(process.argv[2]) - 80));

serveStdio(() => {
  const server = new Server({ name: "bare", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", async () => ({
    tools: [{ name: "echo", description, inputSchema: { type: "object" } }],
  }));
  server.setRequestHandler("tools/call", async (request) => ({
    content: [{ type: "text", text: String(request.params.arguments?.text ?? "") }],
  }));
  return server;
});
