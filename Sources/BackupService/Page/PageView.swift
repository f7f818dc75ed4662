// SPDX-License-Identifier: Apache-2.0

/// What the pages of the service show.
internal import BackupKit
internal import SystemIO
internal import TextFormats

/// Pages for one visitor.
struct PageView {
  let core: ServiceCore
  let visitor: TokenFile.Principal
  /// What forms bring back.
  let formToken: String
  /// Whether there is anybody to log in.
  let canLogIn: Bool

  /// How many rows of an instance the first page shows, and how many its own page.
  private static let shortPage = 12
  private static let longPage = 100

  private var user: (name: String, token: String)? { canLogIn ? (visitor.name, formToken) : nil }
  private var hidden: String { "<input type=\"hidden\" name=\"token\" value=\"\(formToken)\">" }

  // MARK: - All backups

  /// All instances with their backups, or one with more of them.
  func overview(_ request: HTTPRequest) throws(ServiceFault) -> HTTPResponse {
    let view = try core.view()
    let single = request.parameter("instance")
    let configured = core.instances(of: visitor.account)
    var ids = configured.map(\.id)
    // Backups stay when their instance goes.
    let known = Set(ids)
    var others: Set<String> = []
    for record in view.selection(account: visitor.account) where !known.contains(record.instance) {
      others.insert(record.instance)
    }
    ids += others.sorted()
    if let single { ids = ids.filter { $0 == single } }
    let all = view.selection(account: visitor.account)
    var body = ""
    if !canLogIn {
      body += """
        <p class="note">This page shows backups and changes nothing: the service has no file of tokens, and its buttons need \
        one.</p>

        """
    }
    body += figures(all)
    let page = max(1, request.parameter("page").flatMap { Int($0) } ?? 1)
    for id in ids {
      body += section(id, configured.first { $0.id == id }, view, page: single == nil ? nil : min(page, 1_000_000))
    }
    if ids.isEmpty { body += "<p class=\"soft\">There is nothing here.</p>" }
    return PageFrame.page(
      // Seldom enough for somebody to type a name.
      title: "Backups", user: user, refresh: all.contains(where: isBusy) ? 15 : nil, body)
  }

  private func isBusy(_ record: BackupRecord) -> Bool {
    record.state.isActive || core.checks[record.id].map { !$0.isOver } ?? false
  }

  private func figures(_ records: BackupSelection) -> String {
    let (complete, stored) = records.reduce(into: (0, UInt64(0))) { sums, record in
      if record.state == .complete { sums.0 += 1 }
      sums.1 &+= record.sizes.stored
    }
    let load = core.load
    return """
      <p class="figures"><span><b>\(complete)</b> complete backups</span><span><b>\(PageText.size(stored))</b> stored</span>\
      <span><b>\(load.working)</b> at work</span><span><b>\(load.waiting)</b> waiting</span></p>

      """
  }

  private func section(
    _ id: String, _ instance: InstanceConfiguration?, _ view: BackupView, page: Int?
  ) -> String {
    let rows = BackupTree(
      view.selection(instance: id).filter { visitor.account == nil || $0.account == visitor.account }
    )
    .rows
    let size = page == nil ? Self.shortPage : Self.longPage
    let first = min(((page ?? 1) - 1) * size, rows.count)
    let shown = rows[first..<min(first + size, rows.count)]
    let kind =
      instance.map { [$0.engine, $0.version].filter { !$0.isEmpty }.joined(separator: " ") } ?? "no longer configured"
    let name = instance?.name ?? id
    var text = """
      <section class="card">
      <div class="head"><div><h2>\(MarkupText.escaped(name))</h2>\
      <span class="soft small">\(MarkupText.escaped(name == id ? kind : "\(kind) · \(id)"))</span></div>
      \(instance.map { makeForm($0, rows) } ?? "")</div>

      """
    text += rows.isEmpty ? "<p class=\"soft\">There are no backups yet.</p>\n" : table(shown)
    text += links(id, rows.count, size, page)
    return text + "</section>\n"
  }

  private func makeForm(_ instance: InstanceConfiguration, _ rows: [TreeRow]) -> String {
    guard visitor.mayWrite else { return "" }
    let increment =
      rows.contains { $0.record.state == .complete }
      ? "<option value=\"incremental\">incremental</option>" : ""
    let id = MarkupText.escaped(instance.id)
    return """
      <form method="post" action="/backup" class="make">\(hidden)<input type="hidden" name="instance" value="\(id)">\
      <input type="text" name="name" maxlength="256" placeholder="Name (optional)" aria-label="Name of the new backup">\
      <select name="kind" aria-label="Kind of the new backup"><option value="full">full</option>\(increment)</select>\
      <button>Back up</button></form>

      """
  }

  private func links(_ id: String, _ count: Int, _ size: Int, _ page: Int?) -> String {
    let target = "/?instance=\(PercentCoding.encoded(id))"
    guard let page else {
      return count > size ? "<p class=\"pages\"><a href=\"\(target)\">All \(count) backups</a></p>\n" : ""
    }
    var parts: [String] = ["<a href=\"/\">All instances</a>"]
    if page > 1 { parts.append("<a href=\"\(target)&amp;page=\(page - 1)\">Newer</a>") }
    if page * size < count { parts.append("<a href=\"\(target)&amp;page=\(page + 1)\">Older</a>") }
    return "<p class=\"pages\">\(parts.joined())</p>\n"
  }

  private func table(_ rows: ArraySlice<TreeRow>) -> String {
    var text = """
      <table>
      <thead><tr><th>Backup</th><th>State</th><th>Created (UTC)</th><th class="number">Size</th>\
      <th class="number">Stored</th><th>Kept</th><th></th></tr></thead>
      <tbody>

      """
    for row in rows { text += self.row(row) }
    return text + "</tbody>\n</table>\n"
  }

  private func row(_ row: TreeRow) -> String {
    let record = row.record
    let isComplete = record.state == .complete
    let branch = row.depth > 0 ? "<span class=\"branch\" aria-hidden=\"true\">└</span>" : ""
    var actions = ""
    if visitor.mayWrite {
      if isComplete { actions += "<a href=\"/backup/\(record.id)/restore\">Restore</a>" }
      if !record.state.isActive { actions += "<a href=\"/backup/\(record.id)/delete\">Delete</a>" }
    }
    return """
      <tr><td class="name d\(min(row.depth, 5))">\(branch)<a href="/backup/\(record.id)">\(MarkupText.escaped(record.name))</a></td>\
      <td data-label="State"><div>\(state(record))</div></td>\
      <td class="time" data-label="Created">\(PageText.time(record.createdAt))</td>\
      <td class="number" data-label="Size">\(isComplete ? PageText.size(record.sizes.logical) : "–")</td>\
      <td class="number" data-label="Stored">\(isComplete ? PageText.size(record.sizes.stored) : "–")</td>\
      <td data-label="Kept">\(kept(record))</td><td class="links">\(actions)</td></tr>

      """
  }

  private func state(_ record: BackupRecord) -> String {
    let word = "<span class=\"state \(record.state.rawValue)\">\(record.state.rawValue)</span>"
    guard record.state.isActive, let progress = core.activities[record.id]?.progress, progress.bytesRead > 0 else {
      return word
    }
    let done = "<div class=\"soft small\">\(PageText.size(progress.bytesRead)) read</div>"
    // The last complete one says how much to expect.
    guard
      let total = (try? core.view())?.selection(instance: record.instance).last(where: { $0.state == .complete })?
        .sizes.logical, total > 0
    else { return word + done }
    return word + "<progress max=\"\(total)\" value=\"\(min(progress.bytesRead, total))\"></progress>" + done
  }

  private func kept(_ record: BackupRecord) -> String {
    if record.isProtected { return "protected" }
    return record.expiresAt.map { "until \($0.rfc3339().prefix(10))" } ?? "until deleted"
  }

  // MARK: - One backup

  /// All that is known of a backup.
  func details(_ record: BackupRecord) throws(ServiceFault) -> HTTPResponse {
    let activity = core.activities[record.id]
    let isActive = isBusy(record)
    var facts: [(String, String)] = [
      ("State", state(record)), ("Instance", MarkupText.escaped(record.instance)),
      ("Identifier", "\(record.id)"), ("Kind", record.parent == nil ? "full" : "incremental"),
    ]
    if let parent = record.parent {
      let name = try core.view()[parent]?.name ?? parent.description
      facts.append(("Builds on", "<a href=\"/backup/\(parent)\">\(MarkupText.escaped(name))</a>"))
    }
    if let text = record.description { facts.append(("Description", MarkupText.escaped(text))) }
    facts.append(("Created (UTC)", PageText.time(record.createdAt)))
    if let time = record.endedAt { facts.append(("Ended (UTC)", PageText.time(time))) }
    if record.state == .complete {
      facts.append(("Size", PageText.size(record.sizes.logical)))
      facts.append(("Stored", PageText.size(record.sizes.stored)))
      facts.append(("Entries", "\(record.sizes.entries), \(record.sizes.warnings) warnings"))
      facts.append(("Verified (UTC)", record.verifiedAt.map(PageText.time) ?? "never"))
    }
    facts.append(("Kept", kept(record)))
    if !record.codec.isEmpty { facts.append(("Codec", MarkupText.escaped(record.codec))) }
    facts.append(
      ("Asked for by", MarkupText.escaped(record.actor.isEmpty ? record.origin : "\(record.actor) (\(record.origin))")))
    if let failure = record.failure, record.state != .complete {
      facts.append(("Reason", MarkupText.escaped(failure.reason)))
    }
    let list = facts.map { "<dt>\($0.0)</dt><dd>\($0.1)</dd>" }.joined(separator: "\n")
    let lines = activity.map(text) ?? record.log
    return PageFrame.page(
      title: record.name, user: user, refresh: isActive || isRestoring(record) ? 3 : nil,
      """
      <section class="card">
      <h1>\(MarkupText.escaped(record.name))</h1>
      <dl>
      \(list)
      </dl>
      \(actions(record, isActive))
      </section>
      \(lines.isEmpty ? "" : log("Log", lines))
      \(core.checks[record.id].map { log("Check", text($0)) } ?? "")
      \(restores(of: record))
      <p><a href="/">All backups</a></p>
      """)
  }

  private func text(_ activity: Activity) -> String {
    activity.lines(from: 0, limit: 10_000).lines.map(\.text).joined(separator: "\n")
  }

  private func log(_ title: String, _ lines: String) -> String {
    "<section class=\"card\"><h2>\(title)</h2><pre>\(MarkupText.escaped(lines))</pre></section>"
  }

  private func actions(_ record: BackupRecord, _ isActive: Bool) -> String {
    guard visitor.mayWrite, !isActive else { return "" }
    var text = "<div class=\"actions\">"
    if record.state == .complete {
      text += """
        <a class="button" href="/backup/\(record.id)/restore">Restore…</a>\
        <form method="post" action="/backup/\(record.id)/verify">\(hidden)<button class="quiet">Verify</button></form>
        """
    }
    return text + "<a class=\"button quiet\" href=\"/backup/\(record.id)/delete\">Delete…</a></div>"
  }

  private func isRestoring(_ record: BackupRecord) -> Bool {
    core.restoreRecords.contains { $0.backup.id == record.id && $0.endedAt == nil }
  }

  private func restores(of record: BackupRecord) -> String {
    let restores = core.restoreRecords.filter { $0.backup.id == record.id }.suffix(10).reversed()
    if restores.isEmpty { return "" }
    let items = restores.map { restore in
      let lines = core.activities[restore.id].map(text) ?? ""
      let word = restore.state == .complete ? "complete" : restore.state.rawValue
      return """
        <p><span class="state \(word)">\(word)</span> into \(MarkupText.escaped(restore.instance)), \
        \(PageText.time(restore.createdAt))</p>
        \(lines.isEmpty ? "" : "<pre>\(MarkupText.escaped(lines))</pre>")
        """
    }
    return "<section class=\"card\"><h2>Restores</h2>\(items.joined())</section>"
  }

  // MARK: - Confirmations

  /// Asks whether a backup, and what goes with it, is to be deleted.
  func deletion(_ record: BackupRecord) throws(ServiceFault) -> HTTPResponse {
    let others = try core.deletion(of: record).filter { $0.id != record.id }
    var plan = ""
    if !others.isEmpty {
      let items = others.prefix(50).map { "<li>\(MarkupText.escaped($0.name)), \(PageText.time($0.createdAt))</li>" }
      let more = others.count > 50 ? "<li>and \(others.count - 50) more</li>" : ""
      plan = """
        <p>\(others.count == 1 ? "One backup builds" : "\(others.count) backups build") on it and will be deleted too:</p>
        <ul class="plan">\(items.joined())\(more)</ul>
        """
    }
    return PageFrame.page(
      title: "Delete \(record.name)", user: user,
      """
      <section class="card">
      <h1>Delete \(MarkupText.escaped(record.name))?</h1>
      <p>The backup of \(MarkupText.escaped(record.instance)) from \(PageText.time(record.createdAt)) will be gone for good.</p>
      \(plan)
      <div class="actions"><form method="post" action="/backup/\(record.id)/delete">\(hidden)\
      <button class="danger">Delete \(others.isEmpty ? "it" : "all \(others.count + 1)")</button></form>\
      <a class="button quiet" href="/">Keep \(others.isEmpty ? "it" : "them")</a></div>
      </section>
      """)
  }

  /// Asks where a backup is to be restored to.
  func restore(_ record: BackupRecord) throws(ServiceFault) -> HTTPResponse {
    let targets = core.instances(of: visitor.account).filter {
      $0.restore != nil && (record.engine.isEmpty || $0.engine == record.engine)
    }
    guard !targets.isEmpty else {
      throw ServiceFault(.unprocessable, "no instance of the configuration says how to restore such a backup")
    }
    let options = targets.map { target in
      let isOwn = target.id == record.instance ? " selected" : ""
      return "<option value=\"\(MarkupText.escaped(target.id))\"\(isOwn)>\(MarkupText.escaped(target.name))</option>"
    }
    return PageFrame.page(
      title: "Restore \(record.name)", user: user,
      """
      <section class="card">
      <h1>Restore \(MarkupText.escaped(record.name))?</h1>
      <p>What the chosen instance holds now will be replaced by the backup of \(MarkupText.escaped(record.instance)) from \
      \(PageText.time(record.createdAt)).</p>
      <form method="post" action="/backup/\(record.id)/restore">\(hidden)
      <p><label for="instance">Restore into</label> <select id="instance" name="instance">\(options.joined())</select></p>
      <div class="actions"><button class="danger">Replace it</button>\
      <a class="button quiet" href="/backup/\(record.id)">Leave it</a></div>
      </form>
      </section>
      """)
  }
}
