/** An in-memory R2 bucket with the methods that ingest uses: Miniflare's is slower than Postgres for thousands of entries. */
export function memoryBucket(): R2Bucket {
  const objects = new Map<string, Uint8Array>();
  const bucket: Pick<R2Bucket, "delete"> & Record<"get" | "put", unknown> = {
    put: (key: string, value: Uint8Array) => {
      objects.set(key, value.slice());
      return Promise.resolve(null);
    },
    get: (key: string) => {
      const bytes = objects.get(key);
      return Promise.resolve(
        bytes ? { size: bytes.length, arrayBuffer: () => Promise.resolve(bytes.slice().buffer) } : null,
      );
    },
    delete: (keys) => {
      for (const key of [keys].flat()) objects.delete(key);
      return Promise.resolve();
    },
  };
  return bucket as unknown as R2Bucket;
}
