/* What pages can do without and htmx cannot: the theme switch, copy buttons, closing notes,
   fields that turn red after a test, and reveal buttons for what was just typed. */
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  document.addEventListener("click", (event) => {
    const theme = event.target.closest("button[name='theme'][value]");
    if (theme) {
      event.preventDefault();
      const secure = location.protocol === "https:" ? "; Secure" : "";
      document.cookie = `koppel_theme=${theme.value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
      root.dataset.bsTheme = theme.value;
      for (const button of document.querySelectorAll("button[name='theme']")) {
        button.setAttribute("aria-pressed", String(button.value === theme.value));
      }
      return;
    }
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const source = document.getElementById(copy.dataset.copy);
      const text = source ? source.value ?? source.textContent : "";
      navigator.clipboard.writeText(text).then(() => {
        const label = copy.querySelector("[data-copy-label]") ?? copy;
        const before = label.textContent;
        label.textContent = "Copied";
        setTimeout(() => { label.textContent = before; }, 1600);
      });
      return;
    }
    const close = event.target.closest("[data-close]");
    if (close) close.closest(".k-note")?.remove();
    const menu = document.querySelector("details.k-menu[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector("details.k-menu[open]");
    if (event.key === "Escape" && menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  /* A test of a connection replaces only the messages below the fields, so that a secret that was
     just typed stays in its box; the boxes learn here whether their message says something. */
  const markFields = () => {
    for (const message of document.querySelectorAll("[data-error-for]")) {
      const control = document.getElementById(message.dataset.errorFor);
      if (!control) continue;
      if (message.textContent.trim()) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
  };
  document.addEventListener("htmx:afterSettle", markFields);
  document.addEventListener("htmx:oobAfterSwap", markFields);

  /* A server that cannot be reached must not look like a button that does nothing. */
  const say = (text) => {
    const region = document.getElementById("flash");
    if (!region) return;
    const note = document.createElement("div");
    note.className = "k-note k-bad";
    note.setAttribute("role", "alert");
    const words = document.createElement("div");
    words.textContent = text;
    note.append(words);
    region.replaceChildren(note);
    region.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("htmx:sendError", () =>
    say("The hub did not answer. Check that it is running and try again."));
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 401) location.reload();
    else say(status >= 500
      ? "Something went wrong on the hub itself. Nothing was changed; the details are in its log."
      : "The hub refused this. Reload the page and try again.");
  });
})();
