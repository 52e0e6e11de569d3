// Drives the Node SDK of 2017 for the tests: a line of JSON {action, parameters} in, a line of JSON {answer} or {error} out.
"use strict";
const readline = require("readline");
const Api = require("qcloudapi-sdk");

const [defaults] = process.argv.slice(2).map(JSON.parse);
const api = new Api({ serviceType: "scaling", Region: "gz", ...defaults });

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { action, parameters } = JSON.parse(line);
    const out = await new Promise((resolve) => {
      const answered = (error, answer) => resolve(error ? { error: String(error) } : { answer });
      api.request({ Action: action, ...parameters }, answered);
    });
    process.stdout.write(JSON.stringify(out) + "\n");
  }
}

main();
