// Drives the Node SDK for the tests: a line of JSON {action, parameters} in, a line of JSON {answer} or {error} out.
"use strict";
const readline = require("readline");
const { as } = require("tencentcloud-sdk-nodejs");

const [endpoint, secretId, secretKey] = process.argv.slice(2);
const client = new as.v20180419.Client({
  credential: { secretId, secretKey },
  region: "ap-guangzhou",
  profile: { httpProfile: { endpoint, protocol: "http://" } },
});

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { action, parameters } = JSON.parse(line);
    let out;
    try {
      out = { answer: await client[action](parameters) };
    } catch (error) {
      out = { error: { code: error.code, message: error.message } };
    }
    process.stdout.write(JSON.stringify(out) + "\n");
  }
}

main();
