// Asks a running demo as users of the npm package @servicestack/client do.
// usage: node servicestack_npm.mjs BASE_URL NODE_MODULES; prints one JSON object, what each call gave.
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'

const [base, modules] = process.argv.slice(2)
const { JsonServiceClient, JsonApiClient } = createRequire(pathToFileURL(modules + '/x.js'))('@servicestack/client')

class Answer { constructor(init) { Object.assign(this, init) } }
class Log {
  constructor(init, method = 'POST') { Object.assign(this, init); Object.defineProperty(this, 'verb', { value: method }) }
  getTypeName() { return 'UserClientSessionLogRequest' }
  getMethod() { return this.verb }
  createResponse() { return new Answer() }
}

async function ask(client) {
  const sent = await client.send(new Log({ clientReferUid: 'device-01', recordsPerPage: 5, userReferUid: null }))
  const read = await client.get(new Log({ clientReferUid: 'device-01', userReferUid: null }))
  const batch = await client.sendAll([new Log({ clientReferUid: 'device-01' }), new Log({ clientReferUid: 'nobody' })])
  await client.sendOneWay(new Log({}))
  const refused = await client.api(new Log({ recordsPerPage: 'x' }, 'GET'))
  return {
    post: [sent.totalPageCount, sent.logEntries[0].clientReferUid],
    get: [read.totalPageCount, read.result],
    batch: batch.map(one => one.logEntries.length),
    error: refused.error.errorCode,
  }
}

const old = new JsonServiceClient(base)
old.basePath = ''
const bare = await JsonApiClient.create(base).api(new Log({ clientReferUid: 'device-01' }))
console.log(JSON.stringify({
  api: await ask(new JsonServiceClient(base)), old: await ask(old), bare: bare.response.totalPageCount,
}))
