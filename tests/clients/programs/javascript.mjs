// Drives the AWS SDK for JavaScript, version 3: one operation, described on standard input.
import { createReadStream, readFileSync, statSync, writeFileSync } from "node:fs";
import * as sdk from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const request = JSON.parse(readFileSync(0, "utf8"));
const s3 = new sdk.S3Client({
  endpoint: request.url,
  region: request.region,
  forcePathStyle: true,
  maxAttempts: 1,
  credentials: { accessKeyId: request.access_key_id, secretAccessKey: request.secret_access_key },
  ...request.settings,
});
const Bucket = request.bucket;
const Key = request.key;
const Prefix = request.prefix;
const send = (name, input) => s3.send(new sdk[`${name}Command`]({ Bucket, ...input }));

// Small bodies go as one buffer with their hash, larger ones as a stream with a trailing checksum.
const put = async () => {
  const length = statSync(request.file).size;
  const Body = length < 100_000 ? readFileSync(request.file) : createReadStream(request.file);
  await send("PutObject", { Key, Body, ContentLength: length });
};

const into = async (input) => {
  const answer = await send("GetObject", { Key, ...input });
  writeFileSync(request.into, await answer.Body.transformToByteArray());
};

const keys = (answer) => answer.Contents.map((item) => item.Key);

const operations = {
  make_bucket: () => send("CreateBucket", {}),
  remove_bucket: () => send("DeleteBucket", {}),
  put,
  get: () => into({}),
  get_range: () => into({ Range: `bytes=${request.first}-${request.last}` }),
  head: async () => (await send("HeadObject", { Key })).ContentLength,
  list_v1: async () => keys(await send("ListObjects", { Prefix })),
  list_v2: async () => keys(await send("ListObjectsV2", { Prefix })),
  list_paged: async () => {
    const found = [];
    const pages = sdk.paginateListObjectsV2({ client: s3, pageSize: 100 }, { Bucket, Prefix });
    for await (const page of pages) found.push(...keys(page));
    return found;
  },
  list_delimiter: async () => {
    const answer = await send("ListObjectsV2", { Prefix, Delimiter: "/" });
    return [keys(answer), answer.CommonPrefixes.map((item) => item.Prefix)];
  },
  multipart: () =>
    new Upload({
      client: s3,
      params: { Bucket, Key, Body: createReadStream(request.file) },
      partSize: 8 * 1024 * 1024,
    }).done(),
  copy: () => send("CopyObject", { Key: request.destination, CopySource: `${Bucket}/${request.source}` }),
  tagging: async () => {
    const TagSet = Object.entries(request.tags).map(([Key, Value]) => ({ Key, Value }));
    await send("PutObjectTagging", { Key, Tagging: { TagSet } });
    const found = await send("GetObjectTagging", { Key });
    return Object.fromEntries(found.TagSet.map((tag) => [tag.Key, tag.Value]));
  },
  delete: () => send("DeleteObject", { Key }),
  delete_many: async () => {
    const answer = await send("DeleteObjects", { Delete: { Objects: request.keys.map((Key) => ({ Key })) } });
    if (answer.Errors?.length) throw new Error(JSON.stringify(answer.Errors));
  },
  presigned_get: () => getSignedUrl(s3, new sdk.GetObjectCommand({ Bucket, Key }), { expiresIn: 300 }),
  // What would be a header of the upload, the presigner hoists into the query.
  presigned_put: () =>
    getSignedUrl(s3, new sdk.PutObjectCommand({ Bucket, Key, Metadata: request.metadata }), { expiresIn: 300 }),
};

const quiet = new Set(["make_bucket", "remove_bucket", "multipart", "copy", "delete"]);
try {
  const answer = await operations[request.operation]();
  process.stdout.write(JSON.stringify(quiet.has(request.operation) ? null : (answer ?? null)));
} catch (error) {
  console.error(`${error.name}: ${error.message} (status ${error.$metadata?.httpStatusCode})`);
  process.exitCode = 1;
}
