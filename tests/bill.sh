#!/bin/sh
# The bill of materials (`copse export --format cyclonedx`) against the schema that CycloneDX publishes. Needs node and,
# below $COPSE_BILL_PACKAGES/node_modules, the packages ajv and @cyclonedx/cyclonedx-library (which carries the schema);
# skipped where these are not at hand. docs/CONTRIBUTING.md says how to get them.
set -u
: "${COPSE:?}"
packages=${COPSE_BILL_PACKAGES-}
skip() {
  echo "1..1"
  echo "ok 1 - the bill against its schema # SKIP $1"
  exit 0
}
command -v node >/dev/null || skip "no node here"
[ -n "$packages" ] || skip "COPSE_BILL_PACKAGES names no folder with the schema"
schemas=$packages/node_modules/@cyclonedx/cyclonedx-library/res/schema
[ -e "$schemas/bom-1.6.SNAPSHOT.schema.json" ] || skip "no schema below $packages"
[ -e "$packages/node_modules/ajv" ] || skip "no ajv below $packages"

dir=$(mktemp -d "${TMPDIR:-/tmp}/copse-bill-XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/home" "$dir/state"
export HOME="$dir/home"
cat >"$dir/validate.js" <<'END'
const fs = require('fs'), path = require('path'), [folder, schemas, file] = process.argv.slice(2);
const from = require('module').createRequire(path.join(folder, 'node_modules', 'x.js'));
const plain = m => m.default || m, maybe = name => { try { return plain(from(name)); } catch { return null; } };
const Ajv = plain(from('ajv')), formats = maybe('ajv-formats'), more = maybe('ajv-formats-draft2019');
const read = name => JSON.parse(fs.readFileSync(path.join(schemas, name)));
const ajv = new Ajv({allErrors: true, strict: false, validateFormats: !!(formats && more)});
if (formats) formats(ajv);
if (more) more(ajv);
for (const name of fs.readdirSync(schemas)) /* what the bill's schema refers to, by the name it is called there */
  if (/^(spdx|jsf|cryptography).*\.schema\.json$/.test(name)) ajv.addSchema(read(name), 'http://cyclonedx.org/schema/' + name);
const validate = ajv.compile(read('bom-1.6.SNAPSHOT.schema.json')), bill = JSON.parse(fs.readFileSync(file));
for (const e of validate(bill) ? [] : validate.errors) console.log(e.instancePath, e.message, JSON.stringify(e.params));
const refs = new Set(), wrong = [];
const visit = c => {
  if (c['bom-ref'] && refs.size === refs.add(c['bom-ref']).size) wrong.push('twice: ' + c['bom-ref']);
  for (const list of [c.components, c.pedigree && c.pedigree.ancestors]) (list || []).forEach(visit);
};
[bill.metadata.component, ...bill.components].forEach(visit);
for (const d of bill.dependencies)
  for (const r of [d.ref, ...d.dependsOn]) if (!refs.has(r)) wrong.push('leads nowhere: ' + r);
wrong.forEach(w => console.log(w));
console.log(bill.components.length, 'components');
process.exit(validate.errors || wrong.length ? 1 : 0);
END

n=0
check() { # NAME, then a command
  n=$((n + 1)) name=$1
  shift
  if "$@" >"$dir/out" 2>&1; then echo "ok $n - $name"; else
    head -n 30 "$dir/out" | sed 's/^/# /'
    echo "not ok $n - $name"
  fi
}
valid() { # FOLDER, options of export…
  folder=$1
  shift
  "$COPSE" export "$folder" --format cyclonedx --state="$dir/state/${folder##*/}" -q "$@" >"$dir/bill.json" &&
    node "$dir/validate.js" "$packages" "$schemas" "$dir/bill.json"
}
holds() { tr -d '\n' <"$dir/bill.json" | grep -q "$1"; }

# A wood with merges, quantised copies and ghosts.
wood=$dir/wood
"$COPSE" plant "$wood" --kind=woods --models=2 --seed=3 --truth="$dir/truth.json" --state="$dir/state" -q >/dev/null ||
  { echo "Bail out! no wood grew"; exit 99; }
check "a planted wood" valid "$wood"
check "a bill with a member that is not allowed is noticed" sh -c \
  'sed "s/\"specVersion\"/\"speckVersion\"/" "$1" >"$1.wrong" && ! node "$2" "$3" "$4" "$1.wrong"' \
  sh "$dir/bill.json" "$dir/validate.js" "$packages" "$schemas"
check "without hashes" valid "$wood" --no-hashes
check "no hash is in that" sh -c '! grep -q SHA-256 "$1"' sh "$dir/bill.json"

# A Hub cache, licences that are known, unknown, several and odd, a base elsewhere, names of any bytes, an archive.
any=$(find "$wood" -name '*.safetensors' | LC_ALL=C sort | head -n 1)
odd=$dir/odd commit=0123456789abcdef0123456789abcdef01234567
model() { # FOLDER, then its card's lines
  mkdir -p "$odd/$1" && cp "$any" "$odd/$1/model.safetensors" && echo '{}' >"$odd/$1/config.json"
  { echo ---; shift; printf '%s\n' "$@"; echo ---; } >"$odd/$folder/README.md"
}
for folder in known unknown several other empty; do
  case $folder in
  known) model $folder 'license: apache-2.0' 'pipeline_tag: text-generation' ;;
  unknown) model $folder 'license: creativeml-openrail-m' 'base_model: "/gone\" <&"' ;;
  several) model $folder 'license: [mit, apache-2.0, llama3]' 'base_model: [a/b, c/d]' ;;
  other) model $folder 'license: other' 'license_name: "my own: (c) 2024"' 'license_link: "not a url"' ;;
  empty) model $folder 'license:' 'base_model:' ;;
  esac
done
folder='na"me <\ё>' && model "$folder" 'license: GPL-3.0-or-later'
folder=$(printf 'bad\377byte') && model "$folder" 'license: gpl-3.0'
repo=$odd/hub/models--org--na.me_1
mkdir -p "$repo/blobs" "$repo/refs" "$repo/snapshots/$commit"
cp "$any" "$repo/blobs/aaaa" && ln -s ../../blobs/aaaa "$repo/snapshots/$commit/model.safetensors"
printf %s "$commit" >"$repo/refs/main"
(cd "$odd" && tar cf several.tar several)
check "licences, a Hub cache, odd names, an archive" valid "$odd"
check "a licence of SPDX by its identifier" holds '"id":[[:space:]]*"Apache-2.0"'
check "a licence that SPDX does not know by its name" holds '"name":[[:space:]]*"creativeml-openrail-m"'
check "a Hub's model by its package URL" holds "pkg:huggingface/org/na.me_1@$commit"
mkdir "$dir/none"
check "a folder without models" valid "$dir/none"
echo "1..$n"
