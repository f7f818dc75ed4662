// swift-tools-version: 6.2
// CodecKit: compression codecs, backup archives and the tool over them.

import PackageDescription

/// Every target is built the same way.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
]

/// The C libraries are linked statically wherever Debian ships an archive, so that an installed tool needs none of
/// them on the target; ISA-L exists only as a shared library.
let codecLibraries: [LinkerSetting] = [
  .linkedLibrary(":libzstd.a"),
  .linkedLibrary(":liblz4.a"),
  .linkedLibrary(":libsnappy.a"),
  .linkedLibrary(":libdeflate.a"),
  .linkedLibrary(":libz.a"),
  .linkedLibrary(":libxxhash.a"),
  .linkedLibrary(":libcrypto.a"),
  .linkedLibrary("isal"),
  .linkedLibrary("stdc++"),
]

let package = Package(
  name: "CodecKit",
  products: [
    .library(name: "CodecKit", targets: ["CodecKit"]),
    .library(name: "ArchiveKit", targets: ["ArchiveKit"]),
    .library(name: "BackupKit", targets: ["BackupKit"]),
    .executable(name: "archivetool", targets: ["archivetool"]),
    .executable(name: "archivetool-serve", targets: ["archivetool-serve"]),
  ],
  targets: [
    .target(
      name: "CCodecs",
      cSettings: [.define("_GNU_SOURCE")],
      linkerSettings: codecLibraries),
    .target(name: "CodecKit", dependencies: ["CCodecs"], swiftSettings: settings),
    .target(name: "SystemIO", dependencies: ["CCodecs"], swiftSettings: settings),
    .target(name: "ArchiveKit", dependencies: ["CodecKit", "SystemIO"], swiftSettings: settings),
    .target(name: "TextFormats", swiftSettings: settings),
    // Static like the codecs, and for the same reason; of it only the mathematics of the C library are needed.
    .target(name: "CSQLite", linkerSettings: [.linkedLibrary(":libsqlite3.a"), .linkedLibrary("m")]),
    .target(
      name: "BackupKit", dependencies: ["ArchiveKit", "CodecKit", "SystemIO", "TextFormats", "CSQLite"],
      swiftSettings: settings),
    // An HTTP server; only the executable of the service loads it.
    .target(name: "CMicrohttpd", linkerSettings: [.linkedLibrary("microhttpd")]),
    .target(
      name: "BackupService",
      dependencies: ["BackupKit", "ArchiveKit", "CodecKit", "SystemIO", "TextFormats", "CMicrohttpd"],
      swiftSettings: settings),
    .executableTarget(
      name: "archivetool-serve", dependencies: ["BackupService", "SystemIO", "TextFormats"], swiftSettings: settings),
    .target(name: "CommandLineKit", dependencies: ["TextFormats"], swiftSettings: settings),
    .target(
      name: "BenchKit", dependencies: ["CodecKit", "SystemIO", "CommandLineKit", "TextFormats"], swiftSettings: settings
    ),
    .executableTarget(
      name: "archivetool",
      dependencies: ["ArchiveKit", "BackupKit", "BenchKit", "CodecKit", "SystemIO", "CommandLineKit"],
      swiftSettings: settings),

    .target(
      name: "TestSupport", dependencies: ["CodecKit", "SystemIO"], path: "Tests/TestSupport", swiftSettings: settings),
    .testTarget(name: "CodecKitTests", dependencies: ["CodecKit", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "ConformanceTests", dependencies: ["CodecKit", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "SystemIOTests", dependencies: ["SystemIO", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "ArchiveKitTests", dependencies: ["ArchiveKit", "CodecKit", "TestSupport"],
      exclude: ["Catalogue", "Reader"],
      swiftSettings: settings),
    .testTarget(
      name: "BackupKitTests",
      dependencies: ["BackupKit", "ArchiveKit", "CodecKit", "SystemIO", "TextFormats", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "BackupServiceTests",
      dependencies: ["BackupService", "BackupKit", "ArchiveKit", "CodecKit", "SystemIO", "TextFormats", "TestSupport"],
      swiftSettings: settings),
    .testTarget(name: "CommandLineKitTests", dependencies: ["CommandLineKit", "TextFormats"], swiftSettings: settings),
    .testTarget(
      name: "BenchKitTests", dependencies: ["BenchKit", "CodecKit", "SystemIO", "CommandLineKit"],
      swiftSettings: settings),
    .testTarget(
      name: "ArchiveToolTests",
      dependencies: ["TestSupport", "SystemIO", "CodecKit", "CommandLineKit", "archivetool"],
      exclude: ["Databases", "Scenarios", "Snapshots"],
      swiftSettings: settings),
    // They run Tests/ServiceClients, which is no Swift.
    .testTarget(name: "ServiceTests", dependencies: ["TestSupport", "SystemIO"], swiftSettings: settings),
    .testTarget(name: "ProjectTests", dependencies: ["TestSupport"], swiftSettings: settings),

    // What is fuzzed; tests run the same functions over the corpora that are kept.
    .target(
      name: "FuzzTargets",
      dependencies: [
        "ArchiveKit", "BackupKit", "CodecKit", "CommandLineKit", "SystemIO", "TestSupport", "TextFormats",
      ],
      path: "Fuzz/Targets", swiftSettings: settings),
    .testTarget(
      name: "FuzzTests", dependencies: ["ArchiveKit", "CodecKit", "FuzzTargets", "TestSupport"], swiftSettings: settings
    ),
  ]
)

// The fuzzer needs the runtime of a sanitizer, so that no other build may have it; `bin/fuzz` asks for it.
if Context.environment["CODECKIT_FUZZ"] != nil {
  package.targets.removeAll { $0.type == .test }
  package.targets += [
    .target(name: "CFuzzer", path: "Fuzz/CFuzzer"),
    .executableTarget(
      name: "fuzz", dependencies: ["CFuzzer", "FuzzTargets"], path: "Fuzz/Driver", swiftSettings: settings),
  ]
}
