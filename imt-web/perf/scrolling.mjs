// Scrolls a part of a page as a finger on a pad does, a little in each frame, and measures the page's own frames meanwhile.

/**
 * Scrolls up what `within` selects, by so many pixels a second for so long. Gives the gaps between frames in ms, and in how many
 * frames there was a `missing`: something that stands for what is not there yet.
 */
export async function scrolled(page, { within, pxPerSecond, seconds, missing = "no-such-element" }) {
  const box = await page.locator(within).boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.evaluate((missing) => {
    const state = { gaps: [], empty: 0, last: performance.now(), on: true };
    window.measured = state;
    const frame = (now) => {
      state.gaps.push(now - state.last);
      state.last = now;
      if (document.querySelector(missing)) state.empty += 1;
      if (state.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }, missing);
  const session = await page.context().newCDPSession(page);
  await session.send("Input.synthesizeScrollGesture", {
    x,
    y,
    speed: pxPerSecond,
    yDistance: pxPerSecond * seconds,
    gestureSourceType: "mouse",
    preventFling: true,
  });
  await session.detach();
  const { gaps, empty } = await page.evaluate(() => {
    window.measured.on = false;
    return window.measured;
  });
  const sorted = gaps.slice(1).sort((a, b) => a - b);
  const at = (share) => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10;
  return {
    frames: sorted.length,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    longest: at(0.9999),
    over20ms: sorted.filter((gap) => gap > 20).length,
    over34ms: sorted.filter((gap) => gap > 34).length,
    framesWithMissing: empty,
  };
}
