// Asks a running demo as users of the npm package @servicestack/client do.
// usage: node servicestack_npm.mjs BASE_URL NODE_MODULES; prints one JSON object, what each call gave.
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'

const [base, modules] = process.argv.slice(2)
const client = createRequire(pathToFileURL(modules + '/x.js'))('@servicestack/client')
const { JsonServiceClient, JsonApiClient, toDate } = client
const DRIVER = '7a1c1c0e-3c0f-4d5e-9a52-2f5b2d3c4e5f'

class Answer { constructor(init) { Object.assign(this, init) } }
class Log {
  constructor(init, method = 'POST') { Object.assign(this, init); Object.defineProperty(this, 'verb', { value: method }) }
  getTypeName() { return 'UserClientSessionLogRequest' }
  getMethod() { return this.verb }
  createResponse() { return new Answer() }
}

// Years below 100 are what Date reads as they stand; ISO text ends with milliseconds and Z, which the others lack.
const when = text => toDate(text).toISOString().slice(0, 19)
const dashed = uid => uid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
const rows = answer => (answer.logEntries ?? []).map(one =>
  [one.user ?? null, one.clientReferUid ?? null, when(one.sessionStart), when(one.sessionEnd), dashed(one.userReferUid)])

async function ask(client) {
  const device = { clientReferUid: 'device-01', recordsPerPage: 5, userReferUid: null }
  const driver = { userReferUid: DRIVER }
  const recent = { startedAfter: '2019-01-01', startedBefore: '2020-01-01T00:00:00Z' }
  await client.sendOneWay(new Log(device))
  await client.sendAllOneWay([new Log(device), new Log(driver)])
  const page = await client.send(new Log({ recordsPerPage: 1, pageRequestIndex: 1 }))
  const stranger = await client.send(new Log({ sessionUid: '11111111-2222-3333-4444-555555555555' }))
  const refused = await client.api(new Log({ recordsPerPage: 'x' }, 'GET'))
  return {
    all: rows(await client.send(new Log({ recordsPerPage: 100 }))),
    post: rows(await client.send(new Log(device))),
    get: rows(await client.get(new Log(driver))),
    started: [rows(await client.send(new Log(recent))), rows(await client.get(new Log(recent)))],
    page: [page.pageIndex, page.recordsPerPage, page.totalPageCount > 1, page.logEntries.length],
    result: (await client.get(new Log(device))).result,
    batch: (await client.sendAll([new Log(device), new Log(driver)])).map(rows),
    error: [Number(refused.error.errorCode === 'SerializationException' && 400), refused.error.errorCode],
    stranger: [stranger.result, stranger.serverErrorDetails.code],
  }
}

const old = new JsonServiceClient(base)
old.basePath = ''
console.log(JSON.stringify({
  api: await ask(new JsonServiceClient(base)), old: await ask(old), bare: await ask(JsonApiClient.create(base)),
}))
