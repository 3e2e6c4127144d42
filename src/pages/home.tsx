interface HomeProps {
  /** Whose session the browser carries; undefined shows the key form. */
  owner: string | undefined;
}

export function Home({ owner }: HomeProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Darkroom</title>
        <link rel="icon" href="/assets/icon.svg" />
        <link rel="stylesheet" href="/assets/style.css" />
        <script type="module" src="/assets/app.js" />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <Header owner={owner} />
        <main id="main">{owner === undefined ? <KeyForm /> : <Workspace />}</main>
        <footer>
          <a href="/docs">API reference</a>
          <a href="/openapi.json">OpenAPI</a>
        </footer>
        <noscript>
          <p class="notice">This page needs JavaScript; the API works without it.</p>
        </noscript>
      </body>
    </html>
  );
}

function Header({ owner }: HomeProps) {
  return (
    <header class="top">
      <a class="brand" href="/">
        <span class="lamp" aria-hidden="true" />
        Darkroom
      </a>
      {owner !== undefined && (
        <div class="who">
          <span>
            Signed in as <b>{owner}</b>
          </span>
          <button type="button" class="quiet" id="sign-out">
            Sign out
          </button>
        </div>
      )}
    </header>
  );
}

function KeyForm() {
  return (
    <section class="card narrow" aria-labelledby="key-title">
      <h1 id="key-title">Open the darkroom</h1>
      <p class="lead">Enter an API key. It is exchanged for a session cookie and is not kept in the page.</p>
      <form id="key-form" method="post" action="/session">
        <label for="key">API key</label>
        <div class="row">
          <input
            id="key"
            name="key"
            type="password"
            autocomplete="current-password"
            required
            spellcheck={false}
          />
          <button type="submit">Open</button>
        </div>
        <p class="problem" role="alert" id="key-problem" hidden />
      </form>
    </section>
  );
}

function Workspace() {
  return (
    <div class="workspace">
      <section class="card" aria-labelledby="new-title">
        <h1 id="new-title">Develop a file</h1>
        <form id="composer">
          <label class="drop" id="drop">
            <input type="file" id="file" accept="image/*,video/*" />
            <span class="drop-words">
              <b>Drop a photo or a clip</b>
              <span>or choose a file, up to 95 MB</span>
            </span>
            <span class="chosen" id="chosen" hidden />
          </label>
          <fieldset id="presets" class="presets">
            <legend>
              Outputs <span class="hint">choose none for the defaults of the file's kind</span>
            </legend>
          </fieldset>
          <div class="row end">
            <button type="submit" id="start" disabled>
              Start
            </button>
          </div>
          <p class="problem" role="alert" id="composer-problem" hidden />
        </form>
      </section>
      <section class="card" id="job" aria-live="polite" aria-label="The job" hidden />
      <section class="card" aria-labelledby="recent-title">
        <h2 id="recent-title">Recent jobs</h2>
        <ul id="recent" class="recent" />
      </section>
    </div>
  );
}
