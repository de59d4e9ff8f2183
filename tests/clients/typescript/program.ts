// Uses the types that openapi-typescript has made: creates and finds a member, imports a file, reads the outcome.

import createClient from "openapi-fetch";
import type { components, paths } from "./rollcall.js";

declare const process: { env: Record<string, string | undefined> };
const { URL: baseUrl, TOKEN, ACCOUNT = "", ROSTER = "" } = process.env;
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${TOKEN}` } });

/** Returns the data of an answer. Throws its problem. */
function ok<T>({ data, error }: { data?: T; error?: components["schemas"]["Problem"] }): T {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

/** Returns an import when it has ended. */
async function ended(import_id: string) {
  for (;;) {
    const job = ok(await client.GET("/imports/{import_id}", { params: { path: { import_id } } }));
    if (job.finished_at) return job;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const ralph = { first_name: "Ralph", last_name: "Mouse", phone_number: "(323) 555-1234" };
const body = { account_id: ACCOUNT, client_member_id: "42", ...ralph };
const created = ok(await client.POST("/members", { body }));
const { error: taken } = await client.POST("/members", { body });
const ids = { account_id: ACCOUNT, client_member_id: "42" };
const address = "/accounts/{account_id}/members/{client_member_id}";
const kept = ok(await client.PUT(address, { params: { path: ids }, body: ralph }));
const found = ok(await client.GET("/members", { params: { query: { account_id: ACCOUNT } } }));

const ann = { ...ids, client_member_id: "43", first_name: "Ann", last_name: "Lee", phone_number: "(323) 555-4343" };
const wrong = { ...ids, client_member_id: "44", phone_number: "12" };
const batch = ok(await client.POST("/members/batch", { body: { mode: "upsert", members: [ann, wrong] } }));

const named = { filename: "roster.csv", account_id: ACCOUNT };
const pending = ok(await client.POST("/imports", { body: named }));
if (!("upload" in pending)) throw new Error("no link to upload the file");
await fetch(pending.upload.url, { method: pending.upload.method, body: ROSTER });
const job = await ended(pending.id);
const path = { import_id: job.id };
const rejected = ok(await client.GET("/imports/{import_id}/rejected/rows", { params: { path } }));
const report = ok(await client.GET("/imports/{import_id}/report", { params: { path } }));

const sent = ok(
  await client.POST("/imports", {
    params: { query: { account_id: ACCOUNT } },
    headers: { "Content-Type": "text/csv" },
    body: ROSTER,
    bodySerializer: (text) => text as string,
  }),
);
const outcome = {
  phone_number: created.phone_number,
  taken: taken?.code satisfies components["schemas"]["ErrorCode"] | undefined,
  version: kept.version,
  found: found.items.map((member) => member.id === created.id),
  batch: batch.items.map((item) => item.status),
  status: job.status,
  created: job.counts.created,
  rejected: rejected.items.map((row) => [row.line, row.code]),
  codes: report.codes,
  again: (await ended(sent.id)).counts.unchanged,
};
console.log(JSON.stringify(outcome));
