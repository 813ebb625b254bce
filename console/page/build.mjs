// Bundles the page into dist/: one script, one stylesheet, one document. Run by `npm run console`.
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, "static"), { recursive: true });
const { outputFiles } = await build({
  entryPoints: { app: join(here, "src", "main.tsx"), style: join(here, "src", "style", "main.css") },
  outdir: dist,
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: ["chrome111", "firefox113", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "eof",
});
let page = await readFile(join(here, "index.html"), "utf8");
for (const file of outputFiles) {
  // A name of its own for each content: browsers may keep it for ever.
  const [stem, extension] = basename(file.path).split(".");
  const name = `${stem}-${createHash("sha256").update(file.contents).digest("hex").slice(0, 12)}.${extension}`;
  page = page.replace(`${stem}.${extension}`, name);
  await writeFile(join(dist, "static", name), file.contents);
  await writeFile(join(dist, "static", `${name}.gz`), gzipSync(file.contents, { level: 9 }));
}
await copyFile(join(here, "icon.svg"), join(dist, "static", "icon.svg"));
await writeFile(join(dist, "index.html"), page);
