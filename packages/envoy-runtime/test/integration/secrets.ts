import { chown, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTempDir, run } from '@proxy/testkit'

/** Writes a self-signed identity, `spiffe://pxt.test/ns/a/sa/b`, that trusts itself. */
export async function writeTestSecrets(directory: string): Promise<void> {
  const { certificate, key } = await (made ??= make())
  const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret'
  const secrets = {
    'identity.json': {
      name: 'workload-identity',
      tls_certificate: {
        certificate_chain: { inline_string: certificate },
        private_key: { inline_string: key },
      },
    },
    'trust-bundle.json': {
      name: 'trust-bundle',
      validation_context: { trusted_ca: { inline_string: certificate } },
    },
  }
  for (const [name, secret] of Object.entries(secrets)) {
    const path = join(directory, name)
    await writeFile(path, JSON.stringify({ resources: [{ '@type': type, ...secret }] }))
    await chown(path, 1337, 1337)
  }
}

let made: Promise<{ certificate: string; key: string }> | undefined

async function make(): Promise<{ certificate: string; key: string }> {
  await using temp = await createTempDir('secrets')
  const file = (name: string): string => join(temp.path, name)
  const { exitCode, stderr } = await run([
    ...(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt'] as const),
    ...['ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=x'],
    ...['-addext', 'subjectAltName=URI:spiffe://pxt.test/ns/a/sa/b'],
    ...['-keyout', file('key.pem'), '-out', file('cert.pem')],
  ])
  if (exitCode !== 0) throw new Error(stderr)
  return {
    certificate: await readFile(file('cert.pem'), 'utf8'),
    key: await readFile(file('key.pem'), 'utf8'),
  }
}
