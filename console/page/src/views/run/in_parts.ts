/** Draws an image that comes in parts. */
import { refused } from "../../api/request.ts";

/** No side of a canvas is longer: https://developer.mozilla.org/docs/Web/HTML/Element/canvas#maximum_canvas_size */
const MOST_PIXELS = 8_192;

export async function drawInParts(canvas: HTMLCanvasElement, src: string, parts: number, signal: AbortSignal): Promise<void> {
  const found: Blob[] = [];
  for (let part = 0; part < parts; part += 1) {
    const response = await fetch(`${src}?part=${part}`, { signal });
    if (!response.ok) throw refused(response.status, await response.text());
    found.push(await response.blob());
  }
  const image = await createImageBitmap(new Blob(found, { type: found[0]?.type ?? "" }));
  const scale = Math.min(1, MOST_PIXELS / Math.max(image.width, image.height));
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
}
