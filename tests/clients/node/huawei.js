// Drives the core of Huawei Cloud's Node SDK for the tests, which signs and sends: a line of JSON
// {method, url, pathParams, queryParams, data} in, a line of JSON {answer} or {error} out.
"use strict";
const readline = require("readline");
const { BasicCredentials } = require("@huaweicloud/huaweicloud-sdk-core");
const { ClientBuilder } = require("@huaweicloud/huaweicloud-sdk-core/ClientBuilder");

const [endpoint, ak, sk, project] = process.argv.slice(2);
const credential = new BasicCredentials().withAk(ak).withSk(sk).withProjectId(project);
const builder = new ClientBuilder((client) => client, "BasicCredentials");
const client = builder.withCredential(credential).withEndpoint(`http://${endpoint}`).build();

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let out;
    try {
      out = { answer: await client.sendRequest({ headers: {}, contentType: "application/json", ...JSON.parse(line) }) };
    } catch (error) {
      out = { error: { status: error.httpStatusCode, code: error.errorCode, message: error.errorMsg || error.message } };
    }
    process.stdout.write(JSON.stringify(out) + "\n");
  }
}

main();
