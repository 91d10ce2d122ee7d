// An OpenID provider: panva's oidc-provider, for whichever client asks, with keys that can be rotated while it serves.
//
// Every client id is a client whose secret is the same, so that the subject of a client_credentials token can be any text.
// The audience is the resource indicator of the request (RFC 8707). Three headers of our own choose what a real
// deployment configures: `x-algorithm`, `x-lifetime` (seconds) and `x-claims` (JSON). Signing is the library's alone.
//
//   node server.mjs PORT ISSUER
//   POST /control/rotate      new keys sign from now on; the old ones stay published
//   POST /control/withdraw    old keys are published no longer
//   GET  /control/key-fetches how often the key set was fetched
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [port, issuer] = process.argv.slice(2);
const SECRET = "not-a-secret-but-long-enough-for-a-client";
const KINDS = {
  RS256: ["rsa", { modulusLength: 2048 }],
  PS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  ES384: ["ec", { namedCurve: "P-384" }],
  EdDSA: ["ed25519", {}],
};

const newKeys = () =>
  Object.entries(KINDS).map(([alg, [type, options]]) => {
    const jwk = generateKeyPairSync(type, options).privateKey.export({ format: "jwk" });
    return { ...jwk, alg, use: "sig", kid: randomUUID() };
  });

const clients = {
  find: async (id) => ({
    client_id: id,
    client_secret: SECRET,
    token_endpoint_auth_method: "client_secret_post",
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
  }),
};
const nothingKept = { find: async () => undefined, upsert: async () => {}, consume: async () => {}, destroy: async () => {} };

const configuration = {
  adapter: (name) => (name === "Client" ? clients : nothingKept),
  cookies: { keys: [SECRET] },
  extraTokenClaims: (ctx) => JSON.parse(ctx.get("x-claims") || "{}"),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (ctx, audience) => ({
        scope: "",
        audience,
        accessTokenFormat: "jwt",
        accessTokenTTL: Number(ctx.get("x-lifetime") || 600),
        jwt: { sign: { alg: ctx.get("x-algorithm") || "RS256" } },
      }),
    },
  },
};

// The library takes its keys once. A new set of keys is a new provider behind the same address.
let signing = newKeys();
let published = [];
let serve;
const start = () => {
  serve = new Provider(issuer, { ...configuration, jwks: { keys: [...signing, ...published] } }).callback();
};
start();

let keyFetches = 0;
const control = {
  "POST /control/rotate": () => {
    published = [...signing, ...published];
    signing = newKeys();
    start();
  },
  "POST /control/withdraw": () => {
    published = [];
    start();
  },
  "GET /control/key-fetches": () => keyFetches,
};

createServer((request, response) => {
  if (request.url === "/jwks") keyFetches += 1;
  const handle = control[`${request.method} ${request.url}`];
  if (!handle) return serve(request, response);
  response.end(JSON.stringify(handle() ?? null));
}).listen(Number(port), "127.0.0.1");
