// SPDX-License-Identifier: Apache-2.0

/// What all pages look like.
internal import TextFormats

/// The frame around the content of a page, and its style.
enum PageFrame {
  /// A page. Nothing of it comes from elsewhere, and no script runs in it.
  ///
  /// - Parameters:
  ///   - status: the status. Default: 200.
  ///   - title: what it is called, as plain text.
  ///   - user: who has logged in, and what a form must bring back; `nil` for nobody.
  ///   - seconds: after how many seconds the browser is to ask again; `nil` for never. Default: `nil`.
  ///   - body: its content in HTML.
  static func page(
    status: Int = 200, title: String, user: (name: String, token: String)? = nil, refresh seconds: Int? = nil,
    _ body: String
  ) -> HTTPResponse {
    let account =
      user.map { user in
        """
        <form method="post" action="/logout" class="account"><span>\(MarkupText.escaped(user.name))</span>\
        <input type="hidden" name="token" value="\(user.token)"><button class="quiet">Log out</button></form>
        """
      } ?? ""
    let text = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      \(seconds.map { "<meta http-equiv=\"refresh\" content=\"\($0)\">\n" } ?? "")<title>\(MarkupText.escaped(title))</title>
      <link rel="icon" href="data:,">
      <link rel="stylesheet" href="/style.css">
      </head>
      <body>
      <header><a href="/" class="brand">Backups</a>\(account)</header>
      <main>
      \(body)
      </main>
      </body>
      </html>

      """
    let policy =
      "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    return HTTPResponse(status: status, type: "text/html; charset=utf-8", text: text)
      .with("Content-Security-Policy", policy)
      .with("X-Content-Type-Options", "nosniff")
      .with("Referrer-Policy", "same-origin")
      .with("X-Frame-Options", "DENY")
  }

  /// The style of all pages.
  static let style = """
    :root {
      --back: #f6f7f9; --card: #ffffff; --line: #dfe3e8; --text: #1c2530; --soft: #5d6b7a; --accent: #0b5cad;
      --accent-text: #ffffff; --good: #1a7f45; --good-back: #e3f4e9; --bad: #b3261e; --bad-back: #fbe7e5;
      --busy: #8a5a00; --busy-back: #fdf1d8; --idle-back: #eceff3;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --back: #12161b; --card: #1b2128; --line: #313a45; --text: #e6ebf1; --soft: #9aa8b7; --accent: #6cb0f5;
        --accent-text: #0d1620; --good: #7ad29c; --good-back: #183526; --bad: #ff9a91; --bad-back: #41211f;
        --busy: #f0c263; --busy-back: #3b2f14; --idle-back: #29313a;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0; background: var(--back); color: var(--text);
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
    }
    header {
      display: flex; align-items: center; justify-content: space-between; gap: 1rem; padding: .7rem 1.5rem;
      background: var(--card); border-bottom: 1px solid var(--line);
    }
    .brand { font-weight: 650; font-size: 1.1rem; color: var(--text); text-decoration: none; }
    .account { display: flex; align-items: center; gap: .7rem; color: var(--soft); margin: 0; }
    main { max-width: 76rem; margin: 0 auto; padding: 1.2rem 1.5rem 3rem; }
    a { color: var(--accent); }
    h1 { font-size: 1.35rem; margin: .4rem 0 1rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.08rem; margin: 0; overflow-wrap: anywhere; }
    .card {
      background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.2rem;
      margin-bottom: 1.2rem;
    }
    .head { display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; justify-content: space-between; align-items: center; }
    .soft { color: var(--soft); }
    .small { font-size: .87rem; }
    .figures { display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; margin: 0 0 1.2rem; color: var(--soft); }
    .figures b { color: var(--text); font-weight: 600; }
    table { width: 100%; border-collapse: collapse; margin-top: .8rem; table-layout: fixed; }
    th:nth-child(2) { width: 9.5rem; } th:nth-child(3) { width: 9.5rem; } th:nth-child(4), th:nth-child(5) { width: 5.6rem; }
    th:nth-child(6) { width: 9.5rem; } th:nth-child(7) { width: 9.5rem; }
    th:nth-child(6), td:nth-child(6) { padding-left: 1.2rem; }
    th {
      text-align: left; font-weight: 550; font-size: .82rem; color: var(--soft); padding: .3rem .6rem .3rem 0;
      border-bottom: 1px solid var(--line);
    }
    td { padding: .45rem .6rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
    tr:last-child td { border-bottom: 0; }
    .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
    th.number { text-align: right; }
    .time { white-space: nowrap; font-variant-numeric: tabular-nums; }
    .name { overflow-wrap: anywhere; }
    .d1 { padding-left: 1.1rem; } .d2 { padding-left: 2.2rem; } .d3 { padding-left: 3.3rem; }
    .d4 { padding-left: 4.4rem; } .d5 { padding-left: 5.5rem; }
    .branch { color: var(--soft); margin-left: -1rem; margin-right: .25rem; }
    .state {
      display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .84rem; white-space: nowrap;
      background: var(--idle-back); color: var(--soft);
    }
    .state.complete, .state.good { background: var(--good-back); color: var(--good); }
    .state.failed, .state.delete-failed { background: var(--bad-back); color: var(--bad); }
    .state.queued, .state.running, .state.waiting, .state.deleting { background: var(--busy-back); color: var(--busy); }
    progress { width: 100%; max-width: 12rem; height: .55rem; display: block; margin-top: .35rem; accent-color: var(--accent); }
    button, .button {
      font: inherit; padding: .36rem .9rem; border-radius: .4rem; border: 1px solid var(--accent); cursor: pointer;
      background: var(--accent); color: var(--accent-text); text-decoration: none; display: inline-block;
    }
    button.quiet, .button.quiet { background: transparent; color: var(--accent); border-color: var(--line); }
    button.danger, .button.danger { background: var(--bad); border-color: var(--bad); color: var(--card); }
    button:focus-visible, a:focus-visible, input:focus-visible, select:focus-visible {
      outline: 2px solid var(--accent); outline-offset: 2px;
    }
    input[type=text], input[type=password], select {
      font: inherit; padding: .34rem .6rem; border-radius: .4rem; border: 1px solid var(--line); background: var(--back);
      color: var(--text); min-width: 0;
    }
    .make { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0; }
    .actions { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0 0; }
    .actions form { margin: 0; }
    .links { white-space: nowrap; text-align: right; }
    .links a { margin-left: .8rem; }
    .note { border-left: 3px solid var(--accent); padding: .5rem .9rem; background: var(--card); margin: 0 0 1.2rem; }
    .note.bad { border-color: var(--bad); }
    .login { max-width: 24rem; margin: 3rem auto; }
    .login label { display: block; margin-bottom: .35rem; }
    .login input { width: 100%; margin-bottom: .9rem; }
    dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .3rem 1.4rem; margin: .8rem 0 0; }
    dt { color: var(--soft); }
    dd { margin: 0; overflow-wrap: anywhere; }
    pre {
      background: var(--back); border: 1px solid var(--line); border-radius: .4rem; padding: .7rem .9rem; margin: .6rem 0 0;
      overflow-x: auto; font-size: .86rem; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 26rem;
    }
    ul.plan { padding-left: 1.2rem; margin: .6rem 0; }
    .pages { display: flex; gap: 1rem; margin-top: .8rem; }
    @media (max-width: 46rem) {
      header { padding: .6rem 1rem; }
      main { padding: .9rem .8rem 2.5rem; }
      .card { padding: .8rem .9rem; }
      table, tbody, tr, td { display: block; width: 100%; }
      thead { display: none; }
      tr { border-bottom: 1px solid var(--line); padding: .55rem 0; }
      tr:last-child { border-bottom: 0; }
      td { border: 0; padding: .1rem 0; display: flex; justify-content: space-between; gap: 1rem; text-align: right; }
      td::before { content: attr(data-label); color: var(--soft); text-align: left; flex: none; }
      td.name { display: block; text-align: left; font-weight: 550; }
      td.name::before { content: none; }
      td:nth-child(6) { padding-left: 0; }
      td.links { justify-content: flex-start; padding-top: .3rem; }
      .links a { margin: 0 1rem 0 0; }
      td.links::before { content: none; }
      td.number, td.time { text-align: right; }
      .make { width: 100%; }
      .make input { flex: 1 1 6rem; }
      .make select { flex: 0 1 7rem; }
      dl { grid-template-columns: 1fr; gap: 0; }
      dd { margin-bottom: .5rem; }
    }

    """
}
