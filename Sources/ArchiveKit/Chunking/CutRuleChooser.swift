// SPDX-License-Identifier: Apache-2.0

/// Chooses how a file is cut, from its path, its size and its first bytes.
///
/// 1. A file below 64 KiB is one chunk.
/// 2. The first of the user's rules whose pattern matches decides the page size.
/// 3. A file that an earlier archive cut in pages, or by content, is cut so again: other sizes would find nothing there.
/// 4. InnoDB, PostgreSQL and SQLite files are known by their first bytes and cut in their own pages (SQLite pages below
///    4 KiB: 16 KiB at a time); then files called `*.ibd`, `*.img`, `*.raw`, `*.qcow2`, `*.vmdk` or `*.vdi` are cut in pages
///    of 16 KiB. Of files above 64 GiB pages are at least 64 KiB, above 1 TiB at least 256 KiB, so that a file has not too
///    many.
/// 5. All others are cut by content.
///
/// The choice depends on nothing but what is handed in.
public struct CutRuleChooser: Hashable, Sendable {
  /// A wish of the user: files of this name are made of pages of this size.
  public struct PageRule: Hashable, Sendable {
    /// Which files.
    public let files: Glob
    /// The size of their pages.
    public let pageSize: Int

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - files: which files.
    ///   - pageSize: the size of their pages; nil is the answer unless ``CutRule/isPageSize(_:)`` says that it is one.
    public init?(_ files: Glob, pageSize: Int) {
      guard CutRule.isPageSize(pageSize) else { return nil }
      self.files = files
      self.pageSize = pageSize
    }
  }

  /// Smaller files are one chunk: 64 KiB.
  public static let smallestCut: UInt64 = 64 << 10

  /// How many of a file's first bytes are of use. Fewer do where a file has no more; more change nothing.
  public static let beginningSize = (64 << 10) + 64

  /// The user's rules, the most important first.
  public let pageRules: [PageRule]

  private static let pagedNames = ["ibd", "img", "raw", "qcow2", "vmdk", "vdi"].map { Array(".\($0)".utf8) }
  private static let pageSizeByName = 16 << 10

  /// Makes a chooser.
  ///
  /// - Parameter pageRules: the user's rules, the most important first.
  public init(pageRules: [PageRule] = []) {
    self.pageRules = pageRules
  }

  /// How a file is to be cut.
  ///
  /// - Parameters:
  ///   - path: the file's path below the root of the archive.
  ///   - size: how many bytes it has, as far as is known.
  ///   - beginning: its first bytes, ``beginningSize`` of them or as many as there are.
  ///   - earlier: how the parent archive cut the file of this path, if it has it.
  /// - Returns: the rule.
  public func rule(path: [UInt8], size: UInt64, beginning: RawSpan, earlier: CutRule? = nil) -> CutRule {
    if size < Self.smallestCut { return .whole }
    if let wish = pageRules.first(where: { $0.files.matches(path) }) { return .pages(size: wish.pageSize) }
    if let earlier, earlier != .whole { return earlier }
    let known = beginning.extracting(first: Self.beginningSize)
    if let page = PagedFormat.pageSize(known, size: size) ?? Self.pageSize(name: path) {
      return .pages(size: max(page, Self.leastPage(size: size)))
    }
    return .contentDefined
  }

  /// The page size that a name promises.
  private static func pageSize(name: [UInt8]) -> Int? {
    pagedNames.contains { name.suffix($0.count).elementsEqual($0) } ? pageSizeByName : nil
  }

  /// The least page of a file of this size: at most 2^22 pages in a file of 1 TiB.
  private static func leastPage(size: UInt64) -> Int {
    if size > 1 << 40 { return 256 << 10 }
    return size > 64 << 30 ? 64 << 10 : 0
  }
}
