"""Chromium by its driver, over the WebDriver protocol: as much of it as the tests of the page need, no package."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

PROGRAMS = ("chromedriver", "chromium")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
]


def missing() -> str | None:
    """What is not there of what it takes, or nothing."""
    lost = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{' and '.join(lost)} must be there to open the page in a browser, found none" if lost else None


@dataclass(frozen=True)
class Browser:
    """One window; `session` is its address at the driver."""

    session: str
    downloads: Path

    def _ask(self, path: str, **body: Any) -> Any:
        request = Request(
            self.session + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def _devtools(self, command: str, **parameters: Any) -> Any:
        return self._ask("/goog/cdp/execute", cmd=command, params=parameters)

    def open(self, page: Path, width: int, *, medium: str = "screen") -> None:
        """Load a file in a window of a width [px] as on a screen or on paper, and wait until it is drawn."""
        self._devtools("Emulation.setEmulatedMedia", media=medium)
        self._devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        self._ask("/url", url=page.resolve().as_uri())
        self.wait("document.documentElement.dataset.ready === 'yes'")

    def run(self, script: str, *values: Any) -> Any:
        """What a script returns; `values` are its arguments[0], arguments[1] ..."""
        return self._ask("/execute/sync", script=script, args=list(values))

    def wait(self, condition: str) -> None:
        """Until an expression is true; an error after ten seconds."""
        found = self._ask(
            "/execute/async",
            script=f"""const done = arguments[0], end = Date.now() + 10000;
            (function look() {{ if ({condition}) done(true); else if (Date.now() > end) done(false);
            else setTimeout(look, 20); }})()""",
            args=[],
        )
        assert found, condition

    def choose(self, selector: str, value: str) -> None:
        """Set a field and tell the page, as typing or choosing does."""
        self.run(
            """const field = document.querySelector(arguments[0]); field.value = arguments[1];
            field.dispatchEvent(new Event("input")); field.dispatchEvent(new Event("change"));""",
            selector,
            value,
        )

    def click(self, selector: str) -> None:
        """Click what the selector finds first."""
        self.run("document.querySelector(arguments[0]).click()", selector)

    def press(self, keys: str) -> None:
        """Press keys one after the other, where the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("/actions", actions=[{"type": "key", "id": "keys", "actions": actions}])

    def complaints(self) -> list[str]:
        """What the console said since the last call."""
        return [entry["message"] for entry in self._ask("/se/log", type="browser")]

    def requests(self) -> list[str]:
        """Every address that was asked for since the last call."""
        told = [json.loads(entry["message"])["message"] for entry in self._ask("/se/log", type="performance")]
        return [
            each["params"]["request"]["url"] for each in told if each["method"] == "Network.requestWillBeSent"
        ]

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Save a PNG of the window, or of the whole page."""
        found = self._devtools(
            "Page.captureScreenshot", captureBeyondViewport=whole, **(self._clip() if whole else {})
        )
        path.write_bytes(base64.b64decode(found["data"]))

    def _clip(self) -> dict[str, Any]:
        size = self._devtools("Page.getLayoutMetrics")["cssContentSize"]
        return {
            "clip": {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 12000), "scale": 1}
        }

    def pdf(self, path: Path) -> None:
        """Print to a PDF of A4."""
        self._devtools("Emulation.setEmulatedMedia", media="")
        sheet = {"width": 21.0, "height": 29.7}
        path.write_bytes(base64.b64decode(self._ask("/print", page=sheet, background=True)))


@contextmanager
def browser(downloads: Path) -> Iterator[Browser]:
    """A Chromium that saves into a folder; it ends with the block."""
    with subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True) as driver:
        try:
            session = _begin(driver, downloads)
            try:
                yield Browser(session, downloads)
            finally:
                urlopen(Request(session, method="DELETE"), timeout=60).close()
        finally:
            driver.terminate()


def _begin(driver: subprocess.Popen[str], downloads: Path) -> str:
    """The address of a new session of a driver that has just been started."""
    assert driver.stdout is not None
    started = next(
        found for line in driver.stdout if (found := re.search(r"successfully on port (\d+)", line))
    )
    address = f"http://127.0.0.1:{started[1]}/session"
    saving = {
        "download.default_directory": str(downloads),
        "download.prompt_for_download": False,
        "profile.default_content_setting_values.automatic_downloads": 1,
    }
    options = {"args": ARGUMENTS, "prefs": saving}
    wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
    body = json.dumps({"capabilities": {"alwaysMatch": wanted}}).encode()
    with urlopen(Request(address, body, {"Content-Type": "application/json"}), timeout=120) as answer:
        return f"{address}/{json.load(answer)['value']['sessionId']}"
