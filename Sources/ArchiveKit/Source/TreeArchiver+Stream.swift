// SPDX-License-Identifier: Apache-2.0

/// A stream of bytes that becomes one file.
internal import CodecKit
public import SystemIO

extension TreeArchiver {
  /// Of a stream nobody knows the size: it is taken for one that every page size divides.
  private static let unknownSize: UInt64 = 1 << 30

  /// Takes a stream as one file: what comes from a pipe, a dump of a database for one.
  ///
  /// A tar stream and an xbstream are kept byte for byte, too, but cut where their members begin: two of them share what
  /// is the same in their members, wherever it stands.
  ///
  /// - Parameters:
  ///   - path: the file's path in the archive.
  ///   - modified: when it last changed, mostly now.
  ///   - mode: its permission bits. Default: 0644.
  ///   - owner: who owns it. Default: user and group 0, without names.
  ///   - stream: the bytes.
  /// - Returns: what was taken.
  /// - Throws: ``ArchiveError`` with `invalidOption` for a path that no archive can hold, and in a dry run;
  ///   `cancelled`; what `read` and the writer throw.
  public func archiveStream(
    _ path: [UInt8], modified: Timestamp, mode: FileMode = FileMode(rawValue: 0o644),
    owner: ArchiveEntry.Owner = ArchiveEntry.Owner(uid: 0, gid: 0),
    _ stream: any ArchiveStream
  ) throws(ArchiveError) -> TreeArchiverReport {
    report = TreeArchiverReport()
    if path.isEmpty { throw ArchiveError(.invalidOption, "a stream has no name", path: path) }
    if let fault = EntryPath.fault(in: path) { throw ArchiveError(.invalidOption, fault, path: path) }
    guard let writer else { throw ArchiveError(.invalidOption, "a dry run takes no stream", path: path) }
    var entry = ArchiveEntry(path, .file)
    entry.mode = UInt16(truncatingIfNeeded: mode.rawValue)
    entry.modificationTime = modified
    entry.owner = options.overridesOwner ? ArchiveEntry.Owner(uid: 0, gid: 0) : owner
    try writer.beginFile(entry)
    let input = StreamInput(stream, records: true)
    if let form = try StreamCutting.form(input) {
      entry.cut = .contentDefined
      var cutting = StreamCutting(input, writer, chooser) { [self] (count: Int) throws(ArchiveError) in
        bytesRead += UInt64(count)
        try tell(path)
      }
      try cutting.run(form)
      report.bytes = cutting.bytes
    } else {
      let there = try input.fill(CutRuleChooser.beginningSize)
      let size = there < CutRuleChooser.beginningSize ? UInt64(there) : Self.unknownSize
      entry.cut = try input.withBytes(there) { chooser.rule(path: path, size: size, beginning: $0) }
      report.bytes = try writer.append(entry.cut) { (room: inout OutputRawSpan) throws(ArchiveError) -> Int in
        let count = try input.read(into: &room)
        bytesRead += UInt64(count)
        try tell(path)
        return count
      }
    }
    report.files = 1
    options.entryTaken?(entry)
    try writer.endFile(entry)
    return report
  }
}
