/** The Files API, kept in memory: upload (multipart), list, metadata, content, delete. https://docs.claude.com/en/api/files-create */
import { page } from "./models.ts";
import { digest } from "./random.ts";
import { errorReply, headerOf, type Received, type Reply } from "./http.ts";

interface StoredFile {
  id: string;
  type: "file";
  filename: string;
  mime_type: string;
  size_bytes: number;
  created_at: string;
  downloadable: boolean;
  expires_at: null;
}

export interface FileEndpoints {
  /** Handles /v1/files…; `path` is the rest. */
  handle(received: Received, path: string, query: URLSearchParams): Promise<Reply>;
}

export function fileEndpoints(seed: string, now: () => number): FileEndpoints {
  const files: { metadata: StoredFile; bytes: Uint8Array }[] = [];
  let made = 0;

  const upload = async (received: Received): Promise<Reply> => {
    const type = headerOf(received, "content-type") ?? "";
    let file: unknown;
    try {
      const form = new Response(new Uint8Array(received.body), { headers: { "content-type": type } });
      file = (await form.formData()).get("file");
    } catch {
      return errorReply(400, "The body is not multipart/form-data");
    }
    if (!(file instanceof File)) return errorReply(400, "file: Field required");
    const bytes = new Uint8Array(await file.arrayBuffer());
    const metadata: StoredFile = {
      id: `file_01${digest(seed, "file", made++, bytes).slice(0, 22)}`,
      type: "file",
      filename: file.name,
      mime_type: file.type || "application/octet-stream",
      size_bytes: bytes.length,
      created_at: new Date(now()).toISOString(),
      downloadable: true,
      expires_at: null,
    };
    files.unshift({ metadata, bytes });
    return { kind: "json", status: 200, body: metadata };
  };

  return {
    async handle(received, path, query) {
      if (path === "")
        return received.method === "POST"
          ? upload(received)
          : page(
              files.map((file) => file.metadata),
              query,
            );
      const [, id, action] = path.split("/");
      const at = files.findIndex((file) => file.metadata.id === id);
      const file = files[at];
      if (!file) return errorReply(404, `File ${id} not found`);
      if (received.method === "DELETE") {
        files.splice(at, 1);
        return { kind: "json", status: 200, body: { id, type: "file_deleted" } };
      }
      if (action === "content")
        return {
          kind: "raw",
          status: 200,
          headers: { "content-type": file.metadata.mime_type },
          chunks: [{ delayMs: 0, bytes: file.bytes }],
          vendorHeaders: true,
        };
      if (action !== undefined) return errorReply(404, "Not found");
      return { kind: "json", status: 200, body: file.metadata };
    },
  };
}
