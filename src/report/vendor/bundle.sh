#!/usr/bin/env bash
# Makes echarts.min.js anew from entry.js and the versions in package-lock.json.
# The installation happens in a temporary copy, so that no node_modules stays in the tree.
set -euo pipefail

folder=$(cd "$(dirname "$0")" && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

cp "$folder"/{package.json,package-lock.json,.npmrc,entry.js} "$copy"
cd "$copy"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
npx --no-install esbuild entry.js --bundle --minify --format=iife --global-name=echarts \
  --target=es2020 --legal-comments=none --log-level=warning --outfile=echarts.min.js \
  --banner:js='/* Apache ECharts 6.1.0 (Apache-2.0), with zrender (BSD-3-Clause), tslib (0BSD) and code from d3 (BSD-3-Clause): see LICENSE, NOTICE and licenses/ in src/report/vendor. */'

if grep -qi '</script' echarts.min.js; then
  echo "the bundle would end the script element it is pasted into" >&2
  exit 1
fi
mv echarts.min.js "$folder/echarts.min.js"
