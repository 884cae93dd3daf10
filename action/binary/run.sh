#!/usr/bin/env bash
# Gets the release's binary for this runner, checks it, and runs it.
#
# release.env and checksums.txt stand beside this script in every release; they
# are part of the commit that the workflow pins, so the binary is as fixed as
# the pin is. Beyond that, GitHub's attestation of where the binary was built is
# verified where the gh command is there and the server is github.com.
#
# PROBE_MTLS_BINARY names a binary to run instead of downloading one: for
# runners without access to github.com, and for tests.
set -euo pipefail

fail() {
  printf '::error title=probe-mtls-action::%s\n' "$1"
  exit 2
}

if [[ -n "${PROBE_MTLS_BINARY:-}" ]]; then
  exec "$PROBE_MTLS_BINARY" action
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ -f "$here/release.env" && -f "$here/checksums.txt" ]] ||
  fail 'This commit is not a release, so there is no binary to download. Use a release tag, the Docker variant, or set PROBE_MTLS_BINARY.'
# Lines NAME=value, read without running anything.
repository='' version=''
while IFS='=' read -r name value; do
  case "$name" in
    repository) repository=$value ;;
    version) version=$value ;;
  esac
done <"$here/release.env"

case "${RUNNER_OS:-$(uname -s)}" in
  Linux) os=linux extension='' ;;
  macOS | Darwin) os=darwin extension='' ;;
  Windows | MINGW* | MSYS*) os=windows extension=.exe ;;
  *) fail "There is no binary for the operating system ${RUNNER_OS:-$(uname -s)}." ;;
esac
case "${RUNNER_ARCH:-$(uname -m)}" in
  X64 | x86_64) arch=amd64 ;;
  ARM64 | aarch64 | arm64) arch=arm64 ;;
  *) fail "There is no binary for the architecture ${RUNNER_ARCH:-$(uname -m)}." ;;
esac

asset="probe-mtls-action-$os-$arch$extension"
want=$(awk -v name="$asset" '$2 == name { print $1 }' "$here/checksums.txt")
[[ "$want" =~ ^[0-9a-f]{64}$ ]] || fail "checksums.txt has no checksum for $asset."

directory=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/probe-mtls-action.XXXXXX")
binary="$directory/$asset"
url="https://github.com/$repository/releases/download/$version/$asset"
curl --fail --silent --show-error --location --proto '=https' --tlsv1.2 \
  --retry 3 --connect-timeout 20 --max-time 300 --output "$binary" "$url" ||
  fail "Cannot download $url. On a runner without access to github.com, set PROBE_MTLS_BINARY."

if command -v sha256sum >/dev/null; then
  got=$(sha256sum <"$binary" | cut -d ' ' -f 1)
else
  got=$(shasum -a 256 <"$binary" | cut -d ' ' -f 1)
fi
[[ "$got" == "$want" ]] || fail "The checksum of $asset is $got, but this release's is $want."

if [[ "${GITHUB_SERVER_URL:-}" == https://github.com ]] && command -v gh >/dev/null; then
  [[ -n "${INPUT_GITHUB_TOKEN:-}" ]] ||
    fail 'There is no github-token to read the attestation with. Leave the input at its default, or set PROBE_MTLS_BINARY.'
  gh attestation --help >/dev/null 2>&1 ||
    fail 'The gh command of this runner is too old: it has no gh attestation. Update it to 2.49 or newer, or set PROBE_MTLS_BINARY.'
  if ! said=$(GH_TOKEN="$INPUT_GITHUB_TOKEN" gh attestation verify "$binary" --repo "$repository" \
    --signer-workflow "$repository/.github/workflows/release.yml" 2>&1); then
    printf '%s\n' "$said" | sed 's/^/gh: /'
    case "$said" in
      *'rate limit'* | *'HTTP 429'*)
        fail 'GitHub limits how often this token may ask, so the attestation could not be read. Run the job again later.' ;;
      *'HTTP 401'* | *'HTTP 403'* | *'Bad credentials'* | *'gh auth login'*)
        fail "The github-token may not read the attestation of $repository." ;;
      *'dial tcp'* | *'timeout'* | *'HTTP 5'*)
        fail 'GitHub could not be asked for the attestation. Run the job again later.' ;;
    esac
    fail "GitHub has no valid attestation that $asset was built by the release workflow of $repository."
  fi
fi

chmod +x "$binary"
exec "$binary" action
