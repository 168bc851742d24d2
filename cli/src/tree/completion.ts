import type { Command } from 'commander';
import { Argument } from 'commander';
import { print } from '../print.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** `strata completion bash`, and the hidden command that its script asks at each Tab. No server is asked. */
export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => {
      print(SCRIPTS[shell]);
    });
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action((words: readonly string[]) => {
      print(
        candidates(program, words)
          .map((word) => `${word}\n`)
          .join(''),
      );
    });
}

/**
 * Lists the completions of the last of `words`.
 * @param words those after `strata`, the last being typed
 */
export function candidates(program: Command, words: readonly string[]): string[] {
  const typed = words.at(-1) ?? '';
  const { command, before, argumentIndex } = place(program, words.slice(0, -1));
  const option = before === undefined ? undefined : optionOf(command, before);
  const all =
    option?.required || option?.optional
      ? (option.argChoices ?? [])
      : typed.startsWith('-')
        ? optionsOf(command).flatMap(({ long }) => (long ? [long] : []))
        : [
            ...command.commands.filter((each) => !isHidden(each)).map((each) => each.name()),
            ...(command.registeredArguments[argumentIndex]?.argChoices ?? []),
            ...(isJob(command, argumentIndex) ? ['@last'] : []),
          ];
  return all.filter((word) => word.startsWith(typed)).sort();
}

/** The command that the words lead to, and what of it was given. */
function place(program: Command, words: readonly string[]) {
  let command = program;
  let argumentIndex = 0;
  let skip = false;
  for (const word of words) {
    if (skip) {
      skip = false;
      continue;
    }
    if (word.startsWith('-')) {
      const option = optionOf(command, word);
      skip = (option?.required ?? false) || (option?.optional ?? false);
      continue;
    }
    const next = command.commands.find((each) => each.name() === word);
    if (next) {
      command = next;
      argumentIndex = 0;
    } else argumentIndex += 1;
  }
  return { command, argumentIndex, before: skip ? words.at(-1) : undefined };
}

function optionsOf(command: Command): readonly Command['options'][number][] {
  return command.parent ? [...command.options, ...optionsOf(command.parent)] : command.options;
}

function optionOf(command: Command, word: string) {
  return optionsOf(command).find(({ long, short }) => word === long || word === short);
}

function isHidden(command: Command): boolean {
  return command.name().startsWith('__');
}

function isJob(command: Command, index: number): boolean {
  return command.registeredArguments[index]?.name() === 'job';
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# strata completion bash, for ~/.bashrc:  eval "$(strata completion bash)"
_strata() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  mapfile -t COMPREPLY < <(strata __complete -- "\${words[@]}" 2>/dev/null)
}
complete -o default -F _strata strata
`,
  zsh: `#compdef strata
# strata completion zsh, for ~/.zshrc:  eval "$(strata completion zsh)"
_strata() {
  local -a found
  found=("\${(@f)$(strata __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -- $found; else _files; fi
}
compdef _strata strata
`,
  fish: `# strata completion fish, for ~/.config/fish/completions/strata.fish
function __strata_complete
  set -l found (strata __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  if set -q found[1]
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c strata -f -a '(__strata_complete)'
`,
};
