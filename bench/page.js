// SPDX-License-Identifier: MIT
// Runs in the measured page before its own scripts, and notes when things reach the DOM and the screen.
(() => {
  if (window.top !== window) return;
  // The bench runs where nothing but loopback is, and a browser calls that offline.
  Object.defineProperty(Navigator.prototype, 'onLine', { get: () => true });
  const P = window.__pl = { fcp: null, lcp: null, composer: null, t0: 0, obs_ms: 0, long_n: 0, long_ms: 0, long_max: 0,
                            textDom: null, textVis: null, seen: new Map(), lastMut: 0 };
  try { performance.setResourceTimingBufferSize(5000); } catch {}
  try {
    new PerformanceObserver(l => { for (const e of l.getEntries()) if (e.name === 'first-contentful-paint') P.fcp = e.startTime; })
      .observe({ type: 'paint', buffered: true });
    new PerformanceObserver(l => { for (const e of l.getEntries()) { P.long_n++; P.long_ms += e.duration; P.long_max = Math.max(P.long_max, e.duration); } })
      .observe({ type: 'longtask', buffered: true });
    new PerformanceObserver(l => { for (const e of l.getEntries()) P.lcp = e.startTime; })
      .observe({ type: 'largest-contentful-paint', buffered: true });
  } catch {}
  addEventListener('pointerdown', () => { P.t0 = performance.now(); }, true);

  const hit = e => {                       // e is in the viewport and not covered
    const r = e.getBoundingClientRect();
    if (r.width < 1 || r.height < 1) return false;
    const x = Math.min(Math.max(r.left + r.width / 2, 0), innerWidth - 1), y = r.top + r.height / 2;
    if (y < 0 || y >= innerHeight) return false;
    const h = document.elementFromPoint(x, y);
    return !!h && (h === e || e.contains(h) || h.contains(e));
  };
  P.watchComposer = sel => {
    const tick = () => {
      for (const e of document.querySelectorAll(sel))
        if (!e.disabled && !e.readOnly && e.getAttribute('aria-disabled') !== 'true' && hit(e)) { P.composer = performance.now(); return; }
      requestAnimationFrame(tick);
    };
    tick();
  };
  const deepest = (n, s) => {
    for (;;) {
      let nx = null;
      for (const c of n.children || []) if (c.textContent.includes(s)) { nx = c; break; }
      if (!nx) return n;
      n = nx;
    }
  };
  P.watchText = s => {                     // time the text is in the DOM, and time it is inside the viewport
    P.textDom = P.textVis = null;
    let el = null;
    const vis = () => {
      if (P.textVis != null) return;
      if (el && !el.isConnected) el = document.body.textContent.includes(s) ? deepest(document.body, s) : null;
      if (el && hit(el)) { P.textVis = performance.now(); return; }
      requestAnimationFrame(vis);
    };
    const found = n => {
      n = n.nodeType === 3 ? n.parentElement : n;
      if (!n || /^(SCRIPT|STYLE)$/.test(n.tagName)) return;
      if (P.textDom == null) P.textDom = performance.now();
      const first = !el; el = deepest(n, s);
      if (first) vis();
    };
    new MutationObserver(rs => {
      P.lastMut = performance.now();
      if (P.textVis != null) return;
      for (const r of rs) {
        if (r.type === 'characterData') { if (r.target.data.includes(s)) found(r.target); }
        else for (const n of r.addedNodes) if ((n.nodeType === 3 ? n.data : n.textContent || '').includes(s)) found(n);
      }
    }).observe(document, { subtree: true, childList: true, characterData: true });
  };
  P.watchStream = end => {                 // first time each ⟦seq;t⟧ marker is in the DOM, and the next frame after it
    P.seen = new Map(); P.obs_ms = 0; P.ended = false;
    const since = Date.now() - 5;            // an older turn that is rendered again must not count
    const re = /⟦(\d+);(\d+\.\d+)⟧/g;
    if (P.obs) P.obs.disconnect();
    let pending = [], raf = false;
    const scan = (s, now) => {
      if (!s) return;
      if (s.length > 20000) s = s.slice(-20000);
      if (!P.ended && s.includes(end)) P.ended = true;
      if (!s.includes('⟦')) return;
      re.lastIndex = 0;
      for (let m; (m = re.exec(s));) { const k = +m[1]; if (+m[2] >= since && !P.seen.has(k)) { P.seen.set(k, [+m[2], now, 0]); pending.push(k); } }
    };
    (P.obs = new MutationObserver(rs => {
      const a = performance.now(), now = performance.timeOrigin + a, done = new Set();
      for (const r of rs) {
        if (r.type === 'characterData') { if (!done.has(r.target)) { done.add(r.target); scan(r.target.data, now); } }
        else for (const n of r.addedNodes) if (!done.has(n)) { done.add(n); scan(n.nodeType === 3 ? n.data : n.textContent, now); }
      }
      if (pending.length && !raf) {
        raf = true;
        requestAnimationFrame(() => { raf = false; const t = performance.timeOrigin + performance.now();
                                      for (const k of pending) P.seen.get(k)[2] = t; pending = []; });
      }
      P.obs_ms += performance.now() - a;
    })).observe(document, { subtree: true, childList: true, characterData: true });
  };
})();
