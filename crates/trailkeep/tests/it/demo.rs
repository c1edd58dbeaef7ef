//! `demo`: the sample organisation and its tour.

use crate::program::{Program, finish};

#[test]
fn the_tour_finds_the_attack() {
    let program = Program::new();
    let run = finish(&mut program.bare(["demo", "--dir", "show", "--bytes", "1MB"]), b"");
    assert_eq!(run.code, Some(0), "{run:?}");
    let story = corpus::story(&corpus::Config::new(7, 1_000_000)).expect("a story");
    let facts = [&story.user_name, &story.leaked_key, &story.addresses[0], &story.backdoor_user_name, &story.bucket];
    for fact in facts.into_iter().chain(story.chain.iter().map(|hop| &hop.access_key)) {
        assert!(run.out.contains(fact.as_str()), "`{fact}` is not found in {}", run.out);
    }
    for part in ["stored with other content", "not stored", "2 holes in", "tampered"] {
        assert!(run.out.contains(part), "`{part}` is not in {}", run.out);
    }
    for part in [
        "Administrator policy attached",
        "Many calls denied",
        &format!(" who arn:aws:iam::777788889999:user/{}", story.user_name),
    ] {
        assert!(run.out.contains(part), "`{part}` is not in {}", run.out);
    }
    assert!(!run.out.contains('{'), "every name is filled in: {}", run.out);
    let long: Vec<&str> =
        run.out.lines().filter(|line| line.chars().count() > 100 && !line.contains("--data")).collect();
    assert_eq!(long, Vec::<&str>::new());

    let again = finish(&mut program.bare(["demo", "--dir", "show"]), b"");
    assert!(again.code == Some(0) && again.out.contains("already"), "{again:?}");
    let tour = |text: &str| text[text.find("1. ").expect("a first question")..].to_owned();
    assert_eq!(tour(&again.out), tour(&run.out));
}

#[test]
fn its_settings_name_every_account() {
    let program = Program::new();
    assert_eq!(finish(&mut program.bare(["demo", "--dir", "show", "--bytes", "1MB"]), b"").code, Some(0));
    let ask = |words: &[&str]| finish(&mut program.bare([&["--data", "show/data"], words].concat()), b"").out;
    let ids = ask(&["query", "--output", "raw", "SELECT DISTINCT recipientaccountid FROM events ORDER BY 1"]);
    let config = std::fs::read_to_string(program.path("show/trailkeep.toml")).expect("settings");
    for id in ids.lines() {
        assert!(config.contains(&format!("{id} = ")), "{id} has no name in {config}");
    }
    assert!(ask(&["lookup", "--output", "table", "--account", "production", "-n", "3"]).contains("production"));
}

#[test]
fn a_folder_of_other_things_is_left_alone() {
    let program = Program::new();
    std::fs::create_dir(program.path("mine")).expect("a folder");
    std::fs::write(program.path("mine/thesis.txt"), "chapter 1").expect("a file");
    let run = finish(&mut program.bare(["demo", "--dir", "mine"]), b"");
    assert!(run.code == Some(2) && run.err.contains("thesis.txt"), "{run:?}");
    assert_eq!(std::fs::read_dir(program.path("mine")).expect("the folder").count(), 1);
}
