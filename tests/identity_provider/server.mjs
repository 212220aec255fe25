// Two OpenID providers for the tests of sign-in, each the certified `oidc-provider` with its own keys and sign-in pages.
// What a dishonest or unlucky provider may do is staged on the way out: answers of /token are signed anew with the
// provider's real key, or made unsigned, and everything can be slow. Tests steer by POST to /-/stage.
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

console.warn = console.info = () => {}
const { default: Provider } = await import('oidc-provider')
const { SignJWT, decodeJwt, importJWK } = await import('jose')

const CLIENT = 'litemaas'
const SECRET = 'only-for-tests-only-for-tests-only-for-tests'

// Made once: to find an RSA key takes seconds on a busy machine, in which this program answers nobody.
const MATERIAL = Array.from({ length: 3 }, () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return privateKey.export({ format: 'jwk' })
})

// Another key than `former`, under a name that nobody has seen.
function newKey(former) {
  const material = MATERIAL[(MATERIAL.findIndex(({ n }) => n === former?.n) + 1) % MATERIAL.length]
  return { ...material, kid: randomUUID(), use: 'sig', alg: 'RS256' }
}

class IdentityProvider {
  stage = { people: {}, redirects: ['http://127.0.0.1/'], endings: [], fault: '', slow: 0, dead: false, refresh: true }
  key = newKey()

  async start() {
    this.server = createServer((request, response) => this.serve(request, response))
    await new Promise((ready) => this.server.listen(0, '127.0.0.1', ready))
    this.url = `http://127.0.0.1:${this.server.address().port}`
    this.make()
  }

  make() {
    this.provider = new Provider(this.url, {
      clients: [{
        client_id: CLIENT, client_secret: SECRET, redirect_uris: this.stage.redirects,
        post_logout_redirect_uris: this.stage.endings,
        grant_types: ['authorization_code', 'refresh_token'],
      }],
      jwks: { keys: [this.key] },
      cookies: { keys: ['only-for-tests'] },
      scopes: ['openid', 'profile', 'email', 'groups'],
      claims: {
        openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'],
        profile: ['name', 'preferred_username'],
      },
      pkce: { required: () => true },
      issueRefreshToken: () => this.stage.refresh,
      expiresWithSession: () => false,
      features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
      findAccount: (_ctx, id) => ({
        accountId: id,
        claims: () => ({ ...this.stage.people[id], sub: id }),
      }),
    })
    this.provider.use(async (ctx, next) => {
      await next()
      if (ctx.path === '/token' && ctx.body?.id_token) ctx.body.id_token = await this.altered(ctx.body.id_token)
      if (ctx.path === '/token' && this.stage.fault === 'refused' && ctx.oidc?.params?.grant_type === 'refresh_token') {
        ctx.status = 400
        ctx.body = { error: 'invalid_grant' }
      }
      if (ctx.path === '/me' && this.stage.fault === 'another-subject') ctx.body = { sub: 'somebody-else' }
    })
    this.handle = this.provider.callback()
  }

  async altered(token) {
    const claims = decodeJwt(token)
    const now = Math.floor(Date.now() / 1000)
    switch (this.stage.fault) {
      case 'wrong-audience': return this.signed({ ...claims, aud: 'another-client' })
      case 'several-audiences': return this.signed({ ...claims, aud: [CLIENT, 'another-client'] })
      case 'wrong-issuer': return this.signed({ ...claims, iss: 'https://elsewhere.example' })
      case 'wrong-nonce': return this.signed({ ...claims, nonce: 'of-another-sign-in' })
      case 'no-nonce': return this.signed({ ...claims, nonce: undefined })
      case 'expired': return this.signed({ ...claims, iat: now - 7200, exp: now - 3600 })
      case 'forged': return this.signed(claims, { ...newKey(this.key), kid: this.key.kid })
      case 'unknown-key': return this.signed(claims, newKey(this.key))
      case 'not-asked': return this.signed({ ...claims, auth_time: now - 7200 })
      case 'unsigned': return `${part({ alg: 'none' })}.${part(claims)}.`
      case 'shared-secret': {
        const head = `${part({ alg: 'HS256', kid: this.key.kid })}.${part(claims)}`
        return `${head}.${createHmac('sha256', SECRET).update(head).digest('base64url')}`
      }
      case 'replayed': return (this.first ??= token)
      default: return token
    }
  }

  async signed(claims, key = this.key) {
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: key.kid }).sign(await importJWK(key, 'RS256'))
  }

  async serve(request, response) {
    if (request.url === '/-/stage') {
      const wish = JSON.parse(Buffer.concat(await read(request)).toString())
      this.stage = { ...this.stage, ...wish }
      // What is said of somebody changes while they stay signed in.
      if (wish.now) this.stage.people = { ...this.stage.people, ...wish.now }
      if (wish.rotate) this.key = newKey(this.key)
      // New keys or clients need a new provider; it forgets who was signed in.
      if (wish.rotate || wish.redirects || wish.people) this.make()
      response.end('{}')
    } else if (this.stage.dead) {
      request.socket.destroy()
    } else if (this.stage.drip) {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 300)
      request.socket.on('close', () => clearInterval(timer))
    } else {
      this.handle(request, response)
    }
  }
}

async function read(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return chunks
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const providers = [new IdentityProvider(), new IdentityProvider()]
for (const provider of providers) await provider.start()
console.log(JSON.stringify({ urls: providers.map((provider) => provider.url), client: CLIENT, secret: SECRET }))
// The test run holds our standard input: when it ends, also by a kill, so do we.
process.stdin.resume().on('end', () => process.exit(0))
