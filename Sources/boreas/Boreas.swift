import ArgumentParser

@main
struct Boreas: ParsableCommand {}
