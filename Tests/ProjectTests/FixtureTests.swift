// SPDX-License-Identifier: Apache-2.0

// Every fixture is accounted for: where it is from, under what licence, and unchanged.

import Foundation
import Testing

@Suite("fixtures")
struct FixtureTests {
  /// A line of the manifest.
  struct Entry {
    let digest: String
    let size: Int
    let licence: String
    let origin: String
    let path: String
  }

  /// Files that describe fixtures and are none.
  private static let ownFiles: Set = ["README.md", "MANIFEST", "origins", "update-manifest"]

  /// The lines of the manifest: digest, size, licence, origin and path, separated by tabs.
  private static func manifest() throws -> [Entry] {
    try Checkout.file("fixtures/MANIFEST").lines.filter { !$0.hasPrefix("#") }.map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      try #require(fields.count == 5, "fixtures/MANIFEST: \(line)")
      return Entry(
        digest: fields[0], size: try #require(Int(fields[1])), licence: fields[2], origin: fields[3], path: fields[4])
    }
  }

  @Test("every fixture is in the manifest, and everything in the manifest is there")
  func complete() throws {
    let listed = Set(try Self.manifest().map(\.path))
    let present = Set(
      Checkout.paths(in: ["fixtures"]).map { String($0.dropFirst("fixtures/".count)) }
        .filter { !Self.ownFiles.contains($0) })
    let missing = listed.subtracting(present).sorted()
    let unknown = present.subtracting(listed).sorted()
    #expect(missing.isEmpty, "listed and not there")
    #expect(unknown.isEmpty, "not listed; run fixtures/update-manifest")
  }

  @Test("every fixture has its size, its checksum, a licence and an origin")
  func unchanged() throws {
    let entries = try Self.manifest()
    let digests = try Self.digests(entries.map { "fixtures/\($0.path)" })
    for entry in entries {
      #expect(digests["fixtures/\(entry.path)"] == entry.digest, "\(entry.path) has changed")
      let size = try FileManager.default.attributesOfItem(atPath: Checkout.url("fixtures/\(entry.path)").path)[.size]
      #expect((size as? NSNumber)?.intValue == entry.size, "\(entry.path) has changed")
      #expect(!entry.licence.isEmpty && !entry.origin.isEmpty, "\(entry.path): whose is it?")
    }
  }

  @Test("the manifests of the vectors agree with the vectors")
  func vectors() throws {
    for path in Checkout.paths(in: ["fixtures/vectors"]) where path.hasSuffix("/manifest.json") {
      let object = try JSONSerialization.jsonObject(with: Data(contentsOf: Checkout.url(path)))
      let top = try #require(object as? [String: Any], "\(path)")
      // Here the digest is that of what comes of a vector, which the codec's own tests compare.
      if top["format"] as? String == "quicklz-vectors" { continue }
      let folder = path.dropLast("manifest.json".count)
      let vectors = (top["vectors"] as? [[String: Any]] ?? []).filter { $0["sha256"] is String && $0["file"] is String }
      #expect(!vectors.isEmpty, "\(path) lists nothing")
      let files = vectors.map { "\(folder)\($0["file"] as? String ?? "")" }
      let digests = try Self.digests(files)
      for (file, vector) in zip(files, vectors) {
        #expect(digests[file] == vector["sha256"] as? String, "\(file) is not what its manifest says")
      }
    }
  }

  /// The SHA-256 of files, by path.
  private static func digests(_ paths: [String]) throws -> [String: String] {
    guard !paths.isEmpty else { return [:] }
    let run = try ScriptRun("sha256sum", ["--"] + paths, directory: Checkout.root)
    var digests: [String: String] = [:]
    for line in run.output.split(separator: "\n") {
      digests[String(line.dropFirst(66))] = String(line.prefix(64))
    }
    return digests
  }
}
