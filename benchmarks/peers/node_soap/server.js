// node-soap with pg on PostgreSQL: the workstation's end of a session, and a login and logout, over SOAP.
'use strict';
const cluster = require('cluster');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');
const { Pool } = require('pg');
const soap = require('soap');

const [port, processes] = process.argv.slice(2).map(Number);
const sha256 = (text) => crypto.createHash('sha256').update(text).digest();
const keys = new Map([['170200123', sha256('467512342123')]]);
const pool = new Pool({ connectionString: process.env.DATABASE, max: 16 });
const TABLES = `
  CREATE TABLE IF NOT EXISTS sessions (id text PRIMARY KEY, state text NOT NULL);
  CREATE TABLE IF NOT EXISTS events (id bigserial PRIMARY KEY, key bytea UNIQUE NOT NULL,
    recorded_at timestamptz NOT NULL, body jsonb NOT NULL)`;
const INSERT = 'INSERT INTO events (key, recorded_at, body) VALUES ($1, now(), $2)';

function fault(code, text) {
  return { Fault: { faultcode: code, faultstring: text } };
}

function keep(client, key, body) {
  return client.query({ name: 'keep', text: INSERT, values: [sha256(key), JSON.stringify(body)] });
}

async function transaction(run) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await run(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

async function SessionEnd(args) {
  const known = keys.get(args.Id);
  if (!known || !crypto.timingSafeEqual(known, sha256(args.Key || ''))) throw fault('Client', 'wrong credentials');
  if (!args.Email || !args.Uses) throw fault('Client', 'Email and Uses are required');
  const { Email, CurrentDate, Index, Uses } = args;
  await keep(pool, JSON.stringify([Email, CurrentDate, Index, Uses]), { Email, CurrentDate, Index, Uses });
  return { SessionEndResult: '00' };
}

async function SWServiceLogin(args) {
  if (args.serviceuser !== 'demo' || args.password !== 'demo') throw fault('Client', 'wrong credentials');
  const uid = crypto.randomBytes(16).toString('hex');
  await transaction(async (client) => {
    await client.query({ name: 'open', text: "INSERT INTO sessions VALUES ($1, 'open')", values: [uid] });
    await keep(client, `login ${uid}`, { user: args.serviceuser });
  });
  return { SWServiceLoginResult: uid };
}

async function SWServiceLogout(args) {
  await transaction(async (client) => {
    const close = "UPDATE sessions SET state = 'closed' WHERE id = $1 AND state = 'open'";
    const done = await client.query({ name: 'close', text: close, values: [args.sessionid] });
    if (done.rowCount !== 1) throw fault('Client', 'no such session');
    await keep(client, `logout ${args.sessionid}`, { id: args.sessionid });
  });
  return { SWServiceLogoutResult: 'Logged out' };
}

function serve() {
  const wsdl = fs.readFileSync(path.join(__dirname, 'service.wsdl'), 'utf8');
  const server = http.createServer((request, response) => response.end('ok'));
  server.listen(port, '127.0.0.1', () => {
    soap.listen(server, '/soap', { Sessions: { Sessions: { SessionEnd, SWServiceLogin, SWServiceLogout } } }, wsdl);
  });
}

if (cluster.isPrimary) {
  pool.query(TABLES).then(() => pool.end()).then(() => {
    for (let number = 0; number < processes; number += 1) cluster.fork();
  });
  process.on('SIGTERM', () => process.exit(0));
} else {
  serve();
}
